import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageAlarms, fullnessOf, stepOf } from './usage-alarms.ts'

const STEPS = [75, 90, 100]

for (const [percent, before, step] of [
  [74, 0, 0],
  [75, 0, 75],
  [99, 0, 90],
  [100, 0, 100],
  [100, 75, 100],
  [96, 100, 100],
  [95, 100, 90],
  [71, 75, 75],
  [70, 75, 0],
  [78, 80, 75],
] as const) {
  test(`pool/alarms: ${percent} % after step ${before} is at step ${step}`, () => {
    assert.equal(stepOf(STEPS, percent, before), step)
  })
}

test('pool/alarms: a step is told once, also to who comes and goes around it', () => {
  const alarms = new UsageAlarms()
  const told = [60, 75, 74, 75, 76, 90, 89, 90, 60, 75].map((percent) => {
    const fullness = { family: 4 as const, taken: percent, of: 100n, percent }
    return alarms.look('p', STEPS, fullness).tell
  })
  assert.deepEqual(told, [false, true, false, false, false, true, false, false, false, true])
})

test('pool/alarms: what was told before a restart is not told again', () => {
  const alarms = new UsageAlarms()
  alarms.recall('p', 90)
  const at = (percent: number) =>
    alarms.look('p', STEPS, { family: 4, taken: percent, of: 100n, percent })
  assert.deepEqual(at(91), { step: 90, tell: false })
  assert.deepEqual(at(100), { step: 100, tell: true })
  assert.equal(alarms.stepOf('p'), 100)
  alarms.forget('p')
  assert.equal(alarms.stepOf('p'), 0)
  assert.deepEqual(at(91), { step: 90, tell: true })
})

test('pool/alarms: the fuller family counts, kept addresses are taken, reserved ones are not there', () => {
  const usage = {
    assigned: { 4: 8, 6: 1 },
    kept: { 4: 1, 6: 0 },
    available: { 4: 1n, 6: 2n ** 64n },
    total: { 4: 20n, 6: 2n ** 64n + 1n },
  }
  assert.deepEqual(fullnessOf(usage), { family: 4, taken: 9, of: 10n, percent: 90 })
  const none = { 4: 0n, 6: 0n }
  const nobody = { 4: 0, 6: 0 }
  assert.equal(
    fullnessOf({ assigned: nobody, kept: nobody, available: none, total: none }),
    undefined,
  )
})
