/** One watcher, told by hand what it hears; whole clusters are in test/sim/watch.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VSN } from '../wire/memberlist/version.ts'
import { STEADY } from './detection.ts'
import { markOf } from './mark.ts'
import { Members } from './members.ts'
import { Timers } from './timers.ts'
import { Watch } from './watch.ts'

const PEER = Uint8Array.of(10, 0, 0, 2)

/** `self` and the one member it watches, `peer`, at 10.0.0.2: so its own verdict is enough. */
class Pair {
  /** What was done, by kind. */
  readonly knocks: number[] = []
  readonly dead: { readonly cause: string; readonly at: number }[] = []
  readonly withheld: string[] = []
  now = 0
  /** Whether the peer's process and kernel answer. */
  answers = true
  kernel: 'answers' | 'silent'
  readonly #timers = new Timers()
  readonly #watch: Watch

  constructor(kernel: Pair['kernel'] = 'answers') {
    this.kernel = kernel
    const members = new Members('self')
    const alive = (node: string, addr: Uint8Array) =>
      ({
        kind: 'alive',
        node,
        addr,
        port: 7946,
        incarnation: 1,
        meta: markOf(true),
        vsn: VSN,
      }) as const
    members.alive(alive('self', Uint8Array.of(10, 0, 0, 1)), 0, false, true)
    members.alive(alive('peer', PEER), 0, false)
    const options = { self: 'self', detection: STEADY, random: () => 0.5, paddedBytes: 1400 }
    this.#watch = new Watch(options, members, this.#timers, {
      ping: (_, { seqNo }) => {
        if (this.answers) this.#soon((now) => void this.#watch.acked(seqNo, now))
      },
      knock: ({ ip }) => {
        this.knocks.push(this.now)
        if (this.kernel === 'answers') this.#soon((now) => this.#watch.knocked(ip, now))
      },
      accuse: () => undefined,
      dead: (_, cause, _accusers, at) => this.dead.push({ cause, at }),
      withheld: (reason) => this.withheld.push(reason),
      pingPadded: () => undefined,
    })
    this.#watch.changed('peer', 0)
    this.run(20)
  }

  #soon(work: (now: number) => void): void {
    this.#timers.set(this.now + 1, work)
  }

  carrier(up: boolean): void {
    this.#watch.carrier(up, this.now)
  }

  /** Lets time pass, or until a death. */
  run(ms: number): this {
    const end = this.now + ms
    for (let next = this.#timers.next(); next !== undefined && next <= end;) {
      this.now = Math.max(this.now, next)
      this.#timers.run(this.now)
      if (this.dead.length > 0) return this
      next = this.#timers.next()
    }
    this.now = end
    return this
  }
}

/** Cause of a death and how long after `since` it was told; undefined: none. */
function fate({ dead: [first] }: Pair, since: number): [cause: string, ms: number] | undefined {
  return first && [first.cause, first.at - since]
}

test('gossip/watch: a kernel is asked at rest, and then seldom', () => {
  const pair = new Pair().run(60_000)
  assert.ok(pair.knocks.length >= 5 && pair.knocks.length <= 7, pair.knocks.join())
  assert.ok((pair.knocks[0] ?? Infinity) <= 20, 'at first at once')
})

test('gossip/watch: where the first question was lost the next is soon', () => {
  const pair = new Pair('silent').run(1)
  pair.kernel = 'answers'
  pair.run(3000)
  Object.assign(pair, { kernel: 'silent', answers: false })
  const since = pair.now
  const [cause, ms] = fate(pair.run(5000), since) ?? []
  assert.equal(cause, 'nodeGone')
  assert.ok(Number(ms) <= 900, `${ms} ms`)
})

for (const [what, before, after, cause, least, most] of [
  ['whose kernel falls silent with it', 'answers', 'silent', 'nodeGone', 600, 900],
  ['whose kernel answers', 'answers', 'answers', 'speakerSilent', 2000, 2300],
  ['whose kernel was never heard', 'silent', 'silent', 'speakerSilent', 2000, 2300],
] as const) {
  test(`gossip/watch: a member ${what} is given up after ${least}-${most} ms`, () => {
    const pair = new Pair(before).run(10_000)
    Object.assign(pair, { kernel: after, answers: false })
    const since = pair.now
    const [told, ms] = fate(pair.run(5000), since) ?? []
    assert.equal(told, cause)
    assert.ok(Number(ms) >= least && Number(ms) <= most, `${ms} ms`)
  })
}

test('gossip/watch: a kernel that a new firewall hides is not expected to answer', () => {
  const pair = new Pair().run(10_000)
  pair.kernel = 'silent'
  pair.run(60_000)
  pair.answers = false
  const since = pair.now
  assert.equal(fate(pair.run(5000), since)?.[0], 'speakerSilent')
})

test('gossip/watch: without its own carrier it accuses nobody, however long', () => {
  const pair = new Pair().run(10_000)
  pair.carrier(false)
  Object.assign(pair, { kernel: 'silent', answers: false })
  pair.run(60_000)
  assert.deepEqual([pair.dead, pair.withheld], [[], ['noCarrier']])
})

test('gossip/watch: with its carrier again it gives all patience anew', () => {
  const pair = new Pair().run(10_000)
  pair.carrier(false)
  Object.assign(pair, { kernel: 'silent', answers: false })
  pair.run(5000).carrier(true)
  const since = pair.now
  const [cause, ms] = fate(pair.run(5000), since) ?? []
  assert.equal(cause, 'nodeGone')
  assert.ok(Number(ms) >= STEADY.goneMs, `${ms} ms`)
})

test('gossip/watch: one that answers once the carrier is back is not accused', () => {
  const pair = new Pair().run(10_000)
  pair.carrier(false)
  Object.assign(pair, { kernel: 'silent', answers: false })
  pair.run(5000).carrier(true)
  pair.run(STEADY.intervalMs)
  Object.assign(pair, { kernel: 'answers', answers: true })
  assert.deepEqual(pair.run(10_000).dead, [])
})
