import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMBINED, EventCorrelator } from './event-correlator.ts'

test('kube/event-correlator: the same message is one event, another message another', () => {
  const it = new EventCorrelator()
  const first = it.judge('s', 'Full', 'a', 0)
  assert.deepEqual(it.judge('s', 'Full', 'a', 1), first)
  assert.notEqual(it.judge('s', 'Full', 'b', 2)?.key, first?.key)
})

test('kube/event-correlator: from the eleventh message of one reason on they are one event, for ten minutes', () => {
  const it = new EventCorrelator()
  for (let i = 0; i < 10; i++) assert.equal(it.judge('s', 'Full', `m${i}`, 0)?.message, `m${i}`)
  const combined = it.judge('s', 'Full', 'm10', 1000)
  assert.equal(combined?.message, `${COMBINED}m10`)
  assert.equal(it.judge('s', 'Full', 'm11', 1000)?.key, combined.key)
  assert.equal(it.judge('s', 'Full', 'm3', 1000)?.message, 'm3')
  assert.equal(it.judge('s', 'Other', 'x', 1000)?.message, 'x')
  assert.equal(it.judge('s', 'Full', 'm12', 601_001)?.message, 'm12')
})

test('kube/event-correlator: a loop is cut after 25, and let through once in five minutes; other objects are not touched', () => {
  const it = new EventCorrelator()
  const told = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => it.judge('s', 'Full', 'a', from + i)).filter(Boolean)
      .length
  assert.equal(told(0, 1000), 25)
  assert.equal(told(300_000, 10), 1)
  assert.ok(it.judge('t', 'Full', 'a', 0))
})
