import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BroadcastQueue } from './broadcast-queue.ts'
import {
  confirmationsWanted,
  pushPullMs,
  retransmitLimit,
  suspicionMinMs,
  suspicionMs,
} from './formulas.ts'

for (const [n, limit] of [
  [1, 4],
  [9, 4],
  [10, 8],
  [99, 8],
  [100, 12],
  [999, 12],
] as const) {
  test(`gossip/formulas: in a cluster of ${n} news is sent ${limit} times`, () => {
    assert.equal(retransmitLimit(4, n), limit)
  })
}

for (const [n, wanted, minMs] of [
  [3, 0, 4000],
  [4, 2, 4000],
  [10, 2, 4000],
  [50, 2, 6792],
  [100, 2, 8000],
  [500, 2, 10792],
] as const) {
  test(`gossip/formulas: suspicion at ${n}: ${wanted} confirmations, at least ${minMs} ms`, () => {
    assert.equal(confirmationsWanted(4, n), wanted)
    assert.equal(Math.round(suspicionMinMs(4, n, 1000)), minMs)
  })
}

for (const [confirmed, ms] of [
  [0, 24000],
  [1, 11381],
  [2, 4000],
  [3, 4000],
] as const) {
  test(`gossip/formulas: ${confirmed} confirmations of 2 make it ${ms} ms`, () => {
    assert.equal(suspicionMs(confirmed, 2, 4000, 24000), ms)
  })
}

for (const [n, ms] of [
  [3, 30_000],
  [32, 30_000],
  [50, 60_000],
  [100, 90_000],
  [500, 150_000],
] as const) {
  test(`gossip/formulas: push/pull at ${n} every ${ms / 1000} s`, () => {
    assert.equal(pushPullMs(30_000, n), ms)
  })
}

const bytes = (length: number, fill = 0) => new Uint8Array(length).fill(fill)

test('gossip/queue: newer news about a member replaces older', () => {
  const queue = new BroadcastQueue()
  queue.queue('w1', bytes(3, 1))
  queue.queue('w1', bytes(3, 2))
  assert.deepEqual(queue.take(100, 2, 4), [bytes(3, 2)])
})

test('gossip/queue: least sent first, then the largest that fits, then the newest; gone at the limit', () => {
  const queue = new BroadcastQueue()
  queue.queue('old', bytes(5, 1))
  queue.queue('large', bytes(50, 2))
  queue.queue('new', bytes(5, 3))
  assert.deepEqual(queue.take(20, 2, 2), [bytes(5, 3), bytes(5, 1)])
  assert.deepEqual(queue.take(52, 2, 2), [bytes(50, 2)])
  assert.deepEqual(
    queue.take(70, 2, 2).map((it) => it.length),
    [50, 5, 5],
  )
  assert.equal(queue.size, 0)
})
