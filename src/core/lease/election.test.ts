import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Election, PATIENT, PROMPT } from './election.ts'
import type { LeaseSpec } from './lease.ts'

const { duration, deadline, poll, renew } = PROMPT
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
  election.won(1000, 1010)
  assert.equal(election.pause(1100), renew - 100)
  assert.equal(election.holds(1000 + deadline - 1), true)
  assert.equal(election.holds(1000 + deadline), false)
  election.won(2000, 2010)
  election.lost(2001)
  assert.equal(election.holds(2001), false)
})

test('lease/election: a change of hands is counted, a renewal is not, and a release keeps the count', () => {
  const election = new Election('a')
  election.observe({ ...held('b'), leaseTransitions: 3, acquireTime: LONG_AGO }, 0)
  const claim = election.claim(5, 't1')
  assert.deepEqual(claim, {
    holderIdentity: 'a',
    leaseDurationSeconds: duration / 1000,
    acquireTime: 't1',
    renewTime: 't1',
    leaseTransitions: 4,
  })
  election.observe(claim, 10)
  assert.deepEqual(election.claim(20, 't2'), { ...claim, renewTime: 't2' })
  const { holderIdentity, leaseTransitions } = election.release('t3')
  assert.deepEqual([holderIdentity, leaseTransitions], ['', 4])
})

test('lease/election: whoever looks is up when the Lease runs out', () => {
  const election = new Election('a')
  election.observe(held('b'), 0)
  assert.equal(election.pause(10), poll)
  assert.equal(election.pause(duration - 10), 10)
})

/** Claims and wins at `at`, its answer `tookMs` later; for how long it asks then. */
function renewed(election: Election, at: number, tookMs = 10): number | null | undefined {
  const claim = election.claim(at, `${at}`)
  election.observe(claim, at + tookMs)
  election.won(at, at + tookMs)
  return claim.leaseDurationSeconds
}
const [soon, long] = [PROMPT.duration / 1000, PATIENT.duration / 1000]

test('lease/election: who renews late asks for longer from the next renewal on, for as long as it is so', () => {
  const election = new Election('a')
  // The fourth is 0.7 s late: too little for the first time, enough for the second.
  const times = [0, 1000, 3600, 5300]
  for (let at = 7300; at < 65_310; at += PATIENT.renew) times.push(at)
  const asked = times.map((at) => renewed(election, at))
  assert.deepEqual(asked.slice(0, 4), [soon, soon, soon, long])
  assert.deepEqual(asked.slice(4, -1), asked.slice(4, -1).fill(long))
  assert.equal(asked.at(-1), long)
  assert.equal(renewed(election, 67_300), soon)
})

test('lease/election: an answer that is late counts as well, the first one too', () => {
  const election = new Election('a')
  renewed(election, 0, 1600)
  assert.equal(renewed(election, 1700), long)
  assert.equal(election.pause(1700), PATIENT.renew)
  assert.equal(election.remaining(1700), PATIENT.deadline)
})

test('lease/election: who lost it by being late is patient the next time, who gave it back is not', () => {
  const [late, stopped] = [new Election('a'), new Election('b')]
  for (const it of [late, stopped]) renewed(it, 0)
  late.lost(deadline)
  stopped.lost(deadline - 1)
  assert.deepEqual(
    [late, stopped].map((it) => renewed(it, 10_000)),
    [long, soon],
  )
})

test('lease/election: who takes over from one that was patient is patient', () => {
  const election = new Election('a')
  election.observe({ ...held('b'), leaseDurationSeconds: long }, 0)
  assert.equal(renewed(election, PATIENT.duration), long)
})

test('lease/election: one that is to be held for less is held for less as soon as that is written', () => {
  const election = new Election('a')
  election.observe({ ...held('b'), leaseDurationSeconds: long }, 0)
  const began = PATIENT.duration
  for (let at: number = began; at < began + 60_000; at += PATIENT.renew) renewed(election, at)
  assert.equal(election.remaining(began + 60_000), PATIENT.deadline - PATIENT.renew)
  election.claim(began + 60_000, 'its answer is lost')
  assert.equal(election.remaining(began + 60_000), deadline)
})

/**
 * Two members on clocks of their own, an API server that takes one write at a time by version, calls that
 * take their time or are lost either way: never do both hold it at one moment.
 */
test('lease/election: never two at once, whatever the calls do', () => {
  // Mostly as it should be: patience comes with what is late, and goes only after a minute without that.
  const ms = (most: number, usually: number) =>
    fc.oneof({ weight: 20, arbitrary: fc.nat(usually) }, { weight: 1, arbitrary: fc.nat(most) })
  const step = fc.record({
    who: fc.nat(1),
    after: ms(15_000, 1500),
    outcome: fc.constantFrom('ok', 'ok', 'ok', 'lost-before', 'lost-after'),
    takes: ms(14_000, 500),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(1e6), (steps, skew) => {
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
          member.lost(startedAt)
          continue
        }
        const claim = member.claim(startedAt, `${now}`)
        busy[who] = true
        let taken = false
        const land = () => {
          if (outcome === 'lost-before' || server.version !== version) return
          Object.assign(server, { spec: claim, version: version + 1 })
          taken = true
        }
        const answer = () => {
          busy[who] = false
          if (taken && outcome === 'ok') member.won(startedAt, local(who))
        }
        events.push({ at: now + takes / 2, run: land }, { at: now + takes, run: answer })
      }
      advance(60_000)
    }),
    { numRuns: 300 },
  )
})
