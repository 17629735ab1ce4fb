/**
 * Clusters of our members and of hashicorp's: who freezes for a moment is not lost, who crashes or
 * leaves is missed by all, and a bad network kills nobody.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { goMemberlist } from '../lab/go-memberlist.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { agreed, namesOf, withPeers } from './gossip-cluster.ts'
import type { Peer, PeerFlags, PeerOptions } from './gossip-peer.ts'

const KEY = '30313233343536373839616263646566'
/** The loss test may take its time elsewhere: `BELLWETHER_SOAK=1` makes it 10 min. */
const LOSSY_MS = process.env['BELLWETHER_SOAK'] === '1' ? 600_000 : 20_000

before(async () => void (await goMemberlist()), { timeout: 900_000 })

/** Sizes with who is who: the first of each kind is frozen, the last of each killed. */
const MIXED: readonly [what: string, kinds: readonly PeerOptions['kind'][]][] = [
  ['one of ours among two of theirs', ['go', 'go', 'ours']],
  ['two of ours and three of theirs', ['go', 'ours', 'go', 'ours', 'go']],
  ['five of each', ['go', 'ours', 'go', 'ours', 'go', 'ours', 'go', 'ours', 'go', 'ours']],
]

/** What both kinds write at its barest, and at its fullest. */
const FORMS: readonly [what: string, flags: PeerFlags][] = [
  ['in clear, unlabelled, not compressed', { compression: 'false' }],
  ['encrypted, labelled, compressed', { keys: KEY, label: 'mixed' }],
]
const CLUSTERS = MIXED.flatMap(([who, kinds]) =>
  FORMS.map(([form, flags]) => ({ what: `${who}, ${form}`, kinds, flags })),
)

/** Stops it until somebody doubts that it lives, then lets it say that it does. */
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

describe('netns/gossip-mixed: mixed clusters', { concurrency: true }, () => {
  for (const { what, kinds, flags } of CLUSTERS) {
    test(`netns/gossip-mixed: ${what}: joins, doubts refuted, a crash and a leave of each kind`, async () => {
      await withPeers(
        kinds,
        () => flags,
        async (peers) => {
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

          const crashed =
            peers.length > 3 ? [of('ours').at(-1), of('go').at(-1)] : [of('go').at(-1)]
          const gone = crashed.filter((peer) => peer !== undefined)
          for (const peer of gone) await peer.stop()
          const living = peers.filter((peer) => !gone.includes(peer))
          await agreed('crashed', living)

          const [ourFirst, theirFirst] = [of('ours')[0], of('go')[0]]
          assert.ok(ourFirst && theirFirst)
          // Who has left still answers: it is missed for what it said, or not at all. News of it that is lost too
          // often waits for a push/pull, of 30 s.
          ourFirst.leave()
          await agreed(
            'one of ours left',
            living.filter((peer) => peer !== ourFirst),
          )
          if (peers.length === 3) return
          theirFirst.leave()
          const rest = living.filter((peer) => peer !== ourFirst && peer !== theirFirst)
          await agreed('one of theirs left', rest)
          const departed = [...gone, ourFirst, theirFirst]
          for (const peer of rest) assert.deepEqual(peer.left.toSorted(), namesOf(departed))
        },
      )
    })
  }
})

/** A network namespace with nothing but loopback, and what can be done to it. */
interface Ground {
  readonly netns: string
  /** From now on a tenth of all datagrams is lost. */
  readonly lose: () => Promise<void>
  /** How many were lost. */
  readonly lost: () => Promise<number>
}

async function withGround(work: (ground: Ground) => Promise<void>): Promise<void> {
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
    await work({
      netns,
      lose: async () => void (await must([...enter, 'nft', '-f', '-'], { input })),
      lost: async () => {
        const rules = await must([...enter, 'nft', 'list', 'ruleset'])
        return Number(/counter packets (\d+)/.exec(rules)?.[1])
      },
    })
  } finally {
    await run(['ip', 'netns', 'del', netns])
  }
}

test(`netns/gossip-mixed: a tenth of all datagrams lost for ${LOSSY_MS / 1000} s kills nobody`, async () => {
  await withGround(async ({ netns, lose, lost }) => {
    const kinds: PeerOptions['kind'][] = ['go', 'ours', 'go', 'ours', 'go', 'ours']
    const work = async (peers: Peer[]) => {
      const [seed] = peers
      assert.ok(seed)
      for (const peer of peers.slice(1)) assert.equal(await peer.join(seed), 1, peer.log)
      // Whole before: news of a join that is lost too often waits for a push/pull, of 30 s.
      await agreed('joined', peers)
      await lose()
      // Time itself is what is tested.
      await delay(LOSSY_MS)
      const count = await lost()
      assert.ok(count > LOSSY_MS / 1000, `only ${count} datagrams were lost`)
      for (const peer of peers) assert.deepEqual(peer.left, [], `${peer.name} saw a death`)
      await agreed('still together', peers, 5000)
    }
    await withPeers(kinds, () => ({ keys: KEY }), work, netns)
  })
})
