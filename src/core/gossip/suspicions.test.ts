/** How a suspicion ends, and when: at 3 members, where nobody is left to confirm it, after 4 s. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAN } from './profiles.ts'
import { Suspicions } from './suspicions.ts'
import { Timers } from './timers.ts'

const SECOND_MS = 1000

/** Seconds at which it was asked, and at which it was given up. */
function suspicion(
  work: (suspicions: Suspicions, at: number) => void,
  sleeps: (at: number) => boolean = () => false,
) {
  const timers = new Timers()
  const asked: number[] = []
  const suspicions = new Suspicions(LAN, timers, (_, now) => asked.push(now / SECOND_MS))
  const over: number[] = []
  suspicions.start('w2', 'w1', 3, 0, (now) => over.push(now / SECOND_MS))
  for (let now = 0; now <= 10 * SECOND_MS; now += 100) {
    work(suspicions, now / SECOND_MS)
    if (!sleeps(now / SECOND_MS)) timers.run(now)
  }
  return { asked, over, pending: timers.size }
}

test('gossip/suspicions: a suspect is asked twice a second until it is given up, and not after', () => {
  const { asked, over, pending } = suspicion(() => undefined)
  assert.deepEqual(asked, [0.5, 1, 1.5, 2, 2.5, 3, 3.5])
  assert.deepEqual([over, pending], [[4], 0])
})

for (const [what, answers, expected] of [
  ['answered at once, and then no more, has its time once again', (at) => at <= 0.1, [4]],
  ['answered in the last 3 s lives until it has been silent for as long', (at) => at <= 2, [8]],
  ['answers goes on living', () => true, []],
] as const satisfies [string, (at: number) => boolean, number[]][]) {
  test(`gossip/suspicions: one that ${what}`, () => {
    const { over } = suspicion((suspicions, at) => {
      if (answers(at)) suspicions.answered('w2', at * SECOND_MS)
    })
    assert.deepEqual(over, expected)
  })
}

test('gossip/suspicions: who slept through its end begins it anew', () => {
  const { over } = suspicion(
    () => undefined,
    (at) => at >= 3.9 && at < 5,
  )
  assert.deepEqual(over, [9])
})

test('gossip/suspicions: refuted, it is over and asks nobody', () => {
  const { asked, over, pending } = suspicion((suspicions, at) => {
    if (at === 1) suspicions.cancel('w2')
  })
  assert.deepEqual([asked, over, pending], [[0.5], [], 0])
})
