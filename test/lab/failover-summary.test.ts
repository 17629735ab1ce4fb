import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantile, summarise, table } from './failover-summary.ts'

test('lab/failover-summary: quantiles by nearest rank', () => {
  const twenty = Array.from({ length: 20 }, (_, i) => 20 - i)
  assert.equal(quantile(twenty, 0.5), 10)
  assert.equal(quantile(twenty, 0.99), 20)
  assert.equal(quantile([7], 0.5), 7)
  assert.ok(Number.isNaN(quantile([], 0.5)))
})

const figures = (silentMs: number, takeoverMs: number | null) => ({
  tcp: { silentMs, lateMs: 0, failed: 2, errors: [], total: 50, recovered: true },
  arp: { silentMs: silentMs / 2, doubles: 3, doubleMs: 5, takeoverMs },
})

test('lab/failover-summary: only runs in which another node answered count for how soon it did', () => {
  const summary = summarise('cut', [figures(100, 40), figures(300, null), figures(200, 60)])
  assert.deepEqual(summary.tcpSilentMs, { p50: 200, p99: 300, max: 300 })
  assert.deepEqual(summary.takeoverMs, { p50: 40, p99: 60, max: 60 })
  assert.equal(summary.takeovers, 2)
  assert.equal(summary.failedConnects, 6)
  assert.equal(summarise('none', [figures(1, null)]).takeoverMs, null)
})

test('lab/failover-summary: a row for each phase, in columns', () => {
  const [head, row, ...others] = table([summarise('cut', [figures(100, 40)])]).split('\n')
  assert.equal(others.length, 0)
  const at = head?.indexOf('no TCP answer') ?? -1
  assert.equal(row?.slice(at, at + 9), '100 / 100')
})
