/**
 * A cluster gets another key while it talks (docs/gossip-keys.md): three of ours follow their mounted
 * Secrets, one after the other, and one of hashicorp's has both keys all along. Nobody is lost, not a
 * datagram is unreadable, and who joins half-way is taken in by all.
 */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { deriveKey } from '../../src/core/wire/memberlist/key.ts'
import { fingerprint } from '../../src/core/wire/memberlist/keyring.ts'
import { goMemberlist } from '../lab/go-memberlist.ts'
import { until } from '../lab/until.ts'
import { SUBNET, agreed, withPeers } from './gossip-cluster.ts'
import { Peer } from './gossip-peer.ts'
import { SecretDirectory } from '../fakes/secret-directory.ts'
import type { SecretFiles } from '../fakes/secret-directory.ts'

before(async () => void (await goMemberlist()), { timeout: 900_000 })

const [OLD, NEW] = ['the old secret', 'the new secret']
const keyOf = (secret: string): Uint8Array => deriveKey(Buffer.from(secret))
const hex = (secret: string): string => Buffer.from(keyOf(secret)).toString('hex')

const STEPS: readonly [what: string, files: SecretFiles, seals: string][] = [
  ['made known', { secretkey: OLD, 'secretkey-next': NEW }, OLD],
  ['used', { secretkey: NEW, 'secretkey-old': OLD }, NEW],
  ['the only one', { secretkey: NEW }, NEW],
]
const UNREADABLE = /cannotDecrypt|encryptionVersion|[Nn]o installed keys could decrypt/

/** A newcomer with these files asks each of `peers`, and leaves again. */
async function visit(name: string, files: SecretFiles, peers: readonly Peer[]): Promise<void> {
  const secret = new SecretDirectory(files)
  const port = peers[0]?.options.port ?? 0
  const flags = { secret: secret.path }
  const guest = await Peer.start({
    kind: 'ours',
    name,
    address: `${SUBNET}.${guests++}`,
    port,
    flags,
  })
  try {
    for (const peer of peers) assert.equal(await guest.join(peer), 1, `${name}: ${peer.name}`)
    await agreed(`${name} joined`, [...peers, guest])
    guest.leave()
    await agreed(`${name} left`, peers)
    assert.doesNotMatch(guest.log, UNREADABLE)
  } finally {
    await guest.stop()
    secret.remove()
  }
}
let guests = 200

test('netns/gossip-keys: another key, in three steps, loses nobody and nothing', async () => {
  const start = { secretkey: OLD }
  const secrets = new Map<string, SecretDirectory>()
  const flags = (kind: string, index: number) => {
    if (kind === 'go') return { keys: `${hex(OLD)},${hex(NEW)}` }
    const secret = new SecretDirectory(start)
    secrets.set(`ours${index + 1}`, secret)
    return { secret: secret.path }
  }
  try {
    await withPeers(['ours', 'go', 'ours', 'ours'], flags, async (peers) => {
      const [first] = peers
      assert.ok(first)
      for (const peer of peers.slice(1)) assert.equal(await peer.join(first), 1, peer.log)
      await agreed('joined', peers)
      let files: SecretFiles = start
      for (const [what, next, seals] of STEPS) {
        const before = files
        files = next
        for (const [index, peer] of peers.entries()) {
          if (peer.options.kind === 'go') {
            peer.tell(`use ${hex(seals)}`)
            await until(`${peer.name} to seal by it`, () => peer.said('used', hex(seals)))
          } else await follow(peer, secrets.get(peer.name), next, seals)
          // Half-way: some have it, some do not yet.
          if (index === 1) {
            await visit(`early, ${what}`, next, peers)
            await visit(`late, ${what}`, before, peers)
          }
        }
        await agreed(what, peers)
      }
      for (const peer of peers) {
        const lost = peer.left.filter(
          (name) => !name.startsWith('early') && !name.startsWith('late'),
        )
        assert.deepEqual(lost, [], `${peer.name} saw a death`)
        assert.doesNotMatch(peer.log, UNREADABLE, peer.name)
      }
      // Those with the old one alone are strangers now.
      await assert.rejects(visit('too late', start, peers), /too late: ours1/)
    })
  } finally {
    for (const secret of secrets.values()) secret.remove()
  }
})

/** Changes a member's files, and waits until it has taken them. */
async function follow(
  peer: Peer,
  secret: SecretDirectory | undefined,
  files: SecretFiles,
  seals: string,
): Promise<void> {
  const opens = Object.entries(files).flatMap(([name, text]) => {
    return name === 'secretkey' ? [] : [fingerprint(keyOf(text))]
  })
  const line = `gossip-keys ${JSON.stringify({ seals: fingerprint(keyOf(seals)), opens })}`
  secret?.set(files)
  await until(`${peer.name} to say ${line}`, () => peer.log.includes(line), { everyMs: 20 })
}
