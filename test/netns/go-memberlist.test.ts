/**
 * Membership with peers that are not ours: hashicorp/memberlist at the version MetalLB pins, in every
 * form of its wire format, and clusters of both kinds. On loopback addresses of their own.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { goMemberlist } from '../lab/go-memberlist.ts'
import { until } from '../lab/until.ts'
import { Peer } from './gossip-peer.ts'
import type { PeerFlags, PeerOptions } from './gossip-peer.ts'

const KEY = '30313233343536373839616263646566'
const OTHER_KEY = Buffer.from('another key of thirty-two bytes!').toString('hex')
const MEDIUM_KEY = Buffer.from('a key of twenty-four byt').toString('hex')

/** One port for each cluster: strangers never meet. */
let nextPort = 27_946
let nextHost = 1

/** Starts a cluster, lets `work` go on with it, ends it. Names are `go1`, `ours2`, … in order. */
async function withPeers<T>(
  kinds: readonly PeerOptions['kind'][],
  flags: (kind: PeerOptions['kind'], index: number) => PeerFlags,
  work: (peers: Peer[]) => Promise<T>,
  netns?: string,
): Promise<T> {
  const port = nextPort++
  const starts = kinds.map((kind, index) =>
    Peer.start({
      kind,
      name: `${kind}${index + 1}`,
      address: `127.0.9.${nextHost++}`,
      port,
      flags: flags(kind, index),
      ...(netns !== undefined && { netns }),
    }),
  )
  const started = await Promise.allSettled(starts)
  const peers = started.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
  try {
    await Promise.all(starts)
    return await work(peers)
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()))
  }
}

const namesOf = (peers: readonly Peer[]) => peers.map(({ name }) => name).toSorted()

/** All of `peers` see exactly `peers`. */
async function agreed(what: string, peers: readonly Peer[], timeoutMs = 60_000): Promise<void> {
  const expected = JSON.stringify(namesOf(peers))
  await until(
    `${what}: all to see ${expected}`,
    async () => {
      const views = await Promise.all(peers.map((peer) => peer.members()))
      const wrong = views.findIndex((view) => JSON.stringify(view) !== expected)
      if (wrong >= 0) throw new Error(`${peers[wrong]?.name} sees ${String(views[wrong])}`)
      return true
    },
    { timeoutMs, everyMs: 100 },
  )
}

before(async () => void (await goMemberlist()), { timeout: 300_000 })

/** The loss test may take its time elsewhere: `BELLWETHER_SOAK=1` makes it 10 min. */
const LOSSY_MS = process.env['BELLWETHER_SOAK'] === '1' ? 600_000 : 20_000

/** How each kind is set up; what is the same for both stands once. */
const FORMS: readonly [what: string, both: PeerFlags, go?: PeerFlags, ours?: PeerFlags][] = [
  ['in clear, compressed', {}],
  ['in clear, not compressed', { compression: 'false' }],
  ['encrypted, compressed', { keys: KEY }],
  ['encrypted, not compressed', { keys: KEY, compression: 'false' }],
  ['AES-192', { keys: MEDIUM_KEY }],
  ['AES-256', { keys: OTHER_KEY }],
  ['labelled', { label: 'metallb-é' }],
  ['labelled, not compressed', { label: 'metallb', compression: 'false' }],
  ['labelled and encrypted', { label: 'metallb', keys: KEY }],
  ['labelled and encrypted, not compressed', { label: 'x', keys: KEY, compression: 'false' }],
  ['only they compress', {}, {}, { compression: 'false' }],
  ['only we compress', {}, { compression: 'false' }],
  [
    'keys half-way through a rotation',
    {},
    { keys: `${KEY},${OTHER_KEY}` },
    { keys: `${OTHER_KEY},${KEY}` },
  ],
  ['they speak protocol 1, hence encryption 0', { keys: KEY }, { protocol: '1' }],
  ['they speak protocol 5', { keys: KEY }, { protocol: '5' }],
  [
    'first step to a key: known, neither used nor asked for',
    { keys: KEY, 'verify-incoming': 'false', 'verify-outgoing': 'false' },
  ],
  [
    'second step to a key: they seal, we do not yet',
    { keys: KEY, 'verify-incoming': 'false' },
    {},
    { 'verify-outgoing': 'false' },
  ],
  [
    'second step to a key: we seal, they do not yet',
    { keys: KEY, 'verify-incoming': 'false' },
    { 'verify-outgoing': 'false' },
  ],
]

describe('netns/go-memberlist: forms', { concurrency: 6 }, () => {
  for (const [what, both, go, ours] of FORMS) {
    test(`netns/go-memberlist: ${what}: we join, another joins us, one of each leaves`, async () => {
      const flags = (kind: string) => ({ ...both, ...(kind === 'go' ? go : ours) })
      await withPeers(['ours', 'go', 'go'], flags, async (peers) => {
        const [us, first, second] = peers as [Peer, Peer, Peer]
        assert.equal(await us.join(first), 1, us.log)
        assert.equal(await second.join(us), 1, us.log)
        await agreed('joined', peers)
        second.leave()
        await agreed('second left', [us, first], 5000)
        us.leave()
        await agreed('we left', [first], 5000)
        assert.deepEqual(us.left, [second.name, us.name])
        assert.deepEqual(first.left, [second.name, us.name])
      })
    })
  }
})

const STRANGERS: readonly [what: string, theirs: PeerFlags, ours: PeerFlags][] = [
  ['another key', { keys: OTHER_KEY }, { keys: KEY }],
  ['no key', {}, { keys: KEY }],
  ['a key where we have none', { keys: KEY }, {}],
  ['another label', { label: 'a' }, { label: 'b' }],
  ['no label', {}, { label: 'b' }],
  ['a label where we have none', { label: 'a' }, {}],
]
describe('netns/go-memberlist: strangers', { concurrency: 3 }, () => {
  for (const [what, theirs, ours] of STRANGERS) {
    test(`netns/go-memberlist: a peer with ${what} stays a stranger, whoever asks`, async () => {
      const flags = (kind: string) => (kind === 'go' ? theirs : ours)
      await withPeers(['ours', 'go'], flags, async (peers) => {
        const [us, them] = peers as [Peer, Peer]
        assert.equal(await us.join(them), 0)
        assert.equal(await them.join(us), 0)
        assert.deepEqual(await us.members(), [us.name])
        assert.deepEqual(await them.members(), [them.name])
      })
    })
  }
})

/** Sizes with who is who: the first of each kind is frozen, the last of each killed. */
const MIXED: readonly [what: string, kinds: readonly PeerOptions['kind'][]][] = [
  ['one of ours among two of theirs', ['go', 'go', 'ours']],
  ['two of ours and three of theirs', ['go', 'ours', 'go', 'ours', 'go']],
  ['five of each', ['go', 'ours', 'go', 'ours', 'go', 'ours', 'go', 'ours', 'go', 'ours']],
]

/** Stops it for as long as somebody of another kind and one of its own, where there is one, may doubt. */
async function freezeUntilSuspected(victim: Peer, others: readonly Peer[]): Promise<void> {
  victim.signal('SIGSTOP')
  try {
    await until(
      `${victim.name} to be suspected`,
      () => others.some((peer) => peer.suspected(victim.name)),
      { everyMs: 50 },
    )
  } finally {
    victim.signal('SIGCONT')
  }
  await until(`${victim.name} to refute`, () => victim.hasRefuted, { everyMs: 50 })
}

describe('netns/go-memberlist: mixed clusters', { concurrency: true }, () => {
  for (const [what, kinds] of MIXED) {
    test(`netns/go-memberlist: ${what}: joins, doubts refuted, a crash and a leave of each kind`, async () => {
      const flags = () => ({ keys: KEY, label: 'mixed' })
      await withPeers(kinds, flags, async (peers) => {
        const [seed] = peers
        assert.ok(seed)
        for (const peer of peers.slice(1)) assert.equal(await peer.join(seed), 1, peer.log)
        await agreed('joined', peers)
        const of = (kind: string) => peers.filter((peer) => peer.options.kind === kind)
        for (const kind of ['ours', 'go']) {
          const [victim] = of(kind)
          assert.ok(victim)
          const others = peers.filter((peer) => peer !== victim)
          await freezeUntilSuspected(victim, others)
        }
        for (const peer of peers) assert.deepEqual(peer.left, [], `${peer.name} saw a death`)
        await agreed('refuted', peers)

        const crashed = peers.length > 3 ? [of('ours').at(-1), of('go').at(-1)] : [of('go').at(-1)]
        const gone = crashed.filter((peer) => peer !== undefined)
        for (const peer of gone) await peer.stop()
        const living = peers.filter((peer) => !gone.includes(peer))
        await agreed('crashed', living)

        const [ourFirst, theirFirst] = [of('ours')[0], of('go')[0]]
        assert.ok(ourFirst && theirFirst)
        ourFirst.leave()
        await agreed(
          'one of ours left',
          living.filter((peer) => peer !== ourFirst),
          5000,
        )
        if (peers.length === 3) return
        theirFirst.leave()
        const rest = living.filter((peer) => peer !== ourFirst && peer !== theirFirst)
        await agreed('one of theirs left', rest, 5000)
        const departed = [...gone, ourFirst, theirFirst]
        for (const peer of rest) assert.deepEqual(peer.left.toSorted(), namesOf(departed))
      })
    })
  }
})

/** Loses a tenth of all datagrams in a namespace of its own; `work` may ask how many were lost. */
async function withLoss(work: (netns: string, lost: () => Promise<number>) => Promise<void>) {
  const netns = `bwgossip-${process.pid}`
  const enter = ['ip', 'netns', 'exec', netns]
  const input = `table inet loss {
    chain in {
      type filter hook input priority 0
      meta l4proto udp numgen random mod 10 == 0 counter drop
    }
  }`
  await must(['ip', 'netns', 'add', netns])
  try {
    await must([...enter, 'ip', 'link', 'set', 'lo', 'up'])
    await must([...enter, 'nft', '-f', '-'], { input })
    await work(netns, async () => {
      const rules = await must([...enter, 'nft', 'list', 'ruleset'])
      return Number(/counter packets (\d+)/.exec(rules)?.[1])
    })
  } finally {
    await run(['ip', 'netns', 'del', netns])
  }
}

test(`netns/go-memberlist: a tenth of all datagrams lost for ${LOSSY_MS / 1000} s kills nobody`, async () => {
  await withLoss(async (netns, lost) => {
    const kinds: PeerOptions['kind'][] = ['go', 'ours', 'go', 'ours', 'go', 'ours']
    const work = async (peers: Peer[]) => {
      const [seed] = peers
      assert.ok(seed)
      for (const peer of peers.slice(1)) assert.equal(await peer.join(seed), 1, peer.log)
      await agreed('joined', peers)
      const before = await lost()
      // Time itself is what is tested.
      await delay(LOSSY_MS)
      const during = (await lost()) - before
      assert.ok(during > LOSSY_MS / 1000, `only ${during} datagrams were lost`)
      for (const peer of peers) assert.deepEqual(peer.left, [], `${peer.name} saw a death`)
      await agreed('still together', peers, 5000)
    }
    await withPeers(kinds, () => ({ keys: KEY }), work, netns)
  })
})
