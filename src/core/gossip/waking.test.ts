/** When timers run that are late. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Timers } from './timers.ts'
import { Waking } from './waking.ts'

/** A timer due at 1000, run at these times: when it fired, and when to run next before that. */
for (const [what, runs, fired, next, slept] of [
  ['in time', [1000], 1000, undefined, []],
  ['somewhat late', [1100], 1100, undefined, []],
  ['after a sleep: a moment later', [2000, 2020], 2020, 2020, [1000]],
  [
    'after a sleep, called for all that comes: not before that moment',
    [2000, 2005, 2021],
    2021,
    2020,
    [1000],
  ],
  ['after a sleep and another: listening once is enough', [2000, 5000], 5000, 2020, [1000]],
] as const) {
  test(`gossip/waking: a timer run ${what}`, () => {
    const timers = new Timers()
    const sleeps: number[] = []
    const waking = new Waking(timers, (ms) => sleeps.push(ms))
    let firedAt: number | undefined
    timers.set(1000, (now) => (firedAt = now))
    assert.equal(waking.next(), 1000)
    for (const [i, now] of runs.entries()) {
      waking.run(now)
      if (i < runs.length - 1) assert.deepEqual([firedAt, waking.next()], [undefined, next])
    }
    assert.deepEqual([firedAt, waking.next()], [fired, undefined])
    assert.deepEqual(sleeps, slept)
  })
}
