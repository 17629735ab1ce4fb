import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MOST_REST, Wakefulness } from './wakefulness.ts'

/** How many of `answers` are followed by a moment awake, where every such moment comes to `came`. */
function moments(wakefulness: Wakefulness, answers: number, came: boolean): number {
  let count = 0
  for (let i = 0; i < answers; i++) {
    if (!wakefulness.pays) continue
    count++
    wakefulness.tried(came)
  }
  return count
}

test('announce/wakefulness: where it pays it is done after each answer', () => {
  assert.equal(moments(new Wakefulness(), 1000, true), 1000)
})

test('announce/wakefulness: where it does not it is tried seldom, and more seldom', () => {
  const wakefulness = new Wakefulness()
  assert.equal(moments(wakefulness, 1 + 2 + 4 + 8, false), 4)
  moments(wakefulness, 1000, false)
  assert.ok(moments(wakefulness, 100 * (MOST_REST + 1), false) <= 101)
})

test('announce/wakefulness: one that paid is enough to begin anew', () => {
  const wakefulness = new Wakefulness()
  moments(wakefulness, 10_000, false)
  moments(wakefulness, MOST_REST + 1, true)
  assert.equal(moments(wakefulness, 100, true), 100)
})
