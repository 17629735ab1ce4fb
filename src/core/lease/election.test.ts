import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Election, LEASE_TIMING } from './election.ts'
import type { LeaseSpec } from './lease.ts'

const { duration, deadline, poll, renew } = LEASE_TIMING
const LONG_AGO = '1970-01-01T00:00:00.000000Z'
const FAR_AHEAD = '2970-01-01T00:00:00.000000Z'
const held = (by: string, renewTime = LONG_AGO): LeaseSpec => ({
  holderIdentity: by,
  leaseDurationSeconds: duration / 1000,
  renewTime,
})

for (const [what, spec, waited, may] of [
  ['no Lease', undefined, 0, true],
  ['one that was given back', held(''), 0, true],
  ['our own, its answer lost', held('a'), 0, true],
  ["another's, just seen, though its time is long past", held('b'), 0, false],
  ["another's, silent for a bit less than it said", held('b'), duration - 1, false],
  [
    "another's, silent for as long as it said, though its time lies ahead",
    held('b', FAR_AHEAD),
    duration,
    true,
  ],
  ["another's that asked for longer", { ...held('b'), leaseDurationSeconds: 15 }, 14_999, false],
] as const) {
  test(`lease/election: ${what}: ${may ? 'may' : 'may not'} be claimed`, () => {
    const election = new Election('a')
    election.observe(spec, 100)
    assert.equal(election.mayClaim(100 + waited), may)
  })
}

test('lease/election: only a change counts as a sign of life, whatever time it names', () => {
  const election = new Election('a')
  election.observe(held('b'), 0)
  election.observe(held('b'), 3000)
  assert.equal(election.mayClaim(duration), true)
  election.observe(held('b', FAR_AHEAD), 3900)
  assert.equal(election.mayClaim(duration), false)
  assert.equal(election.mayClaim(3900 + duration), true)
})

test('lease/election: a Lease that somebody deleted may be made anew when its holder is surely done', () => {
  const election = new Election('a')
  election.observe(held('b'), 0)
  election.observe(undefined, 1000)
  assert.equal(election.mayClaim(duration - 1), false)
  assert.equal(election.mayClaim(duration), true)
})

test('lease/election: it is held until the deadline from where the renewal began, then no more', () => {
  const election = new Election('a')
  assert.equal(election.holds(0), false)
  election.won(1000)
  assert.equal(election.pause(1100), renew - 100)
  assert.equal(election.holds(1000 + deadline - 1), true)
  assert.equal(election.holds(1000 + deadline), false)
  election.won(2000)
  election.lost()
  assert.equal(election.holds(2001), false)
})

test('lease/election: a change of hands is counted, a renewal is not, and a release keeps the count', () => {
  const election = new Election('a')
  election.observe({ ...held('b'), leaseTransitions: 3, acquireTime: LONG_AGO }, 0)
  const claim = election.claim('t1')
  assert.deepEqual(claim, {
    holderIdentity: 'a',
    leaseDurationSeconds: duration / 1000,
    acquireTime: 't1',
    renewTime: 't1',
    leaseTransitions: 4,
  })
  election.observe(claim, 10)
  assert.deepEqual(election.claim('t2'), { ...claim, renewTime: 't2' })
  const { holderIdentity, leaseTransitions } = election.release('t3')
  assert.deepEqual([holderIdentity, leaseTransitions], ['', 4])
})

test('lease/election: whoever looks is up when the Lease runs out', () => {
  const election = new Election('a')
  election.observe(held('b'), 0)
  assert.equal(election.pause(10), poll)
  assert.equal(election.pause(duration - 10), 10)
})

/**
 * Two members on clocks of their own, an API server that takes one write at a time by version, calls that
 * take their time or are lost either way: never do both hold it at one moment.
 */
test('lease/election: never two at once, whatever the calls do', () => {
  const step = fc.record({
    who: fc.nat(1),
    after: fc.nat(1500),
    outcome: fc.constantFrom('ok', 'lost-before', 'lost-after'),
    takes: fc.nat(3000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.nat(1e6), (steps, skew) => {
      const members = [new Election('a'), new Election('b')] as const
      const server = { spec: {} as LeaseSpec, version: 0 }
      let now = 0
      // Each reads at the start of its call; the write lands when half of it has passed.
      const events: { at: number; run: () => void }[] = []
      const busy = [false, false]
      const local = (who: number) => now + (who === 0 ? 0 : skew)
      const check = () => {
        const holding = members.filter((it, who) => it.holds(local(who)))
        assert.ok(holding.length < 2, `two leaders at ${now}`)
      }
      const advance = (ms: number) => {
        const end = now + ms
        for (;;) {
          const [next] = events.sort((x, y) => x.at - y.at)
          if (!next || next.at > end) break
          events.shift()
          now = Math.max(now, next.at)
          next.run()
          check()
        }
        now = end
        check()
      }
      for (const { who, after, outcome, takes } of steps) {
        advance(after)
        const member = members[who as 0 | 1]
        if (busy[who]) continue
        const startedAt = local(who)
        const { spec, version } = server
        member.observe(spec, startedAt)
        if (!member.mayClaim(startedAt)) {
          member.lost()
          continue
        }
        const claim = member.claim(`${now}`)
        busy[who] = true
        let taken = false
        const land = () => {
          if (outcome === 'lost-before' || server.version !== version) return
          Object.assign(server, { spec: claim, version: version + 1 })
          taken = true
        }
        const answer = () => {
          busy[who] = false
          if (taken && outcome === 'ok') member.won(startedAt)
        }
        events.push({ at: now + takes / 2, run: land }, { at: now + takes, run: answer })
      }
      advance(10_000)
    }),
    { numRuns: 300 },
  )
})
