import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stolen } from './stolen.ts'

test('lab/stolen: of the time in question, and of the processor that was without most', () => {
  const accounts = [
    [1000, 50],
    [1000, 450],
    [1300, 460],
    [9000, 460],
  ]
  const stolen = new Stolen(() => accounts.shift() ?? [])
  const began = performance.now()
  const [first, middle] = [stolen.mostMs(began, performance.now()), performance.now()]
  const second = stolen.mostMs(middle, performance.now())
  const all = stolen.mostMs(began, performance.now())
  stolen.stop()
  assert.deepEqual([first, second, all], [400, 300, 8000])
})

test('lab/stolen: this machine says what it was without', () => {
  const stolen = new Stolen()
  assert.ok(stolen.mostMs(performance.now(), performance.now()) < 1000)
  stolen.stop()
})
