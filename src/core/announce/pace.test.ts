import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Pace } from './pace.ts'

test('announce/pace: after a rest `most` leave at once, then one each while', () => {
  const pace = new Pace(100, 5)
  assert.equal(pace.available(1000), 5)
  pace.spend(5)
  assert.equal(pace.available(1000), 0)
  assert.equal(pace.readyAt(1000), 1010)
  assert.equal(pace.available(1010), 1)
  assert.equal(pace.available(90_000), 5)
})

test('announce/pace: what was sent in advance is made up for by a longer rest', () => {
  const pace = new Pace(100, 5)
  pace.available(0)
  pace.spend(8)
  assert.equal(pace.readyAt(0), 40)
})

test('announce/pace: without a bound everything may leave', () => {
  const pace = new Pace(Infinity, 5)
  pace.spend(1e6)
  assert.equal(pace.available(0), Infinity)
  assert.equal(pace.readyAt(7), 7)
})

test('announce/pace: never more than `most` and what time has brought', () => {
  const steps = fc.array(fc.nat(500), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5000 }), (rests, perSecond) => {
      const pace = new Pace(perSecond, 20)
      let [now, sent] = [0, 0]
      for (const rest of rests) {
        now += rest
        const packets = pace.available(now)
        pace.spend(packets)
        sent += packets
        assert.ok(sent <= 20 + (now * perSecond) / 1000 + 1e-6)
      }
    }),
  )
})
