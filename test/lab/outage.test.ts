import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longestOutage, parseProbes } from './outage.ts'

const probe = (atMs: number, ok: boolean, tookMs = 1) => ({
  atMs,
  ok,
  tookMs,
  ...(!ok && { error: 'ETIMEDOUT' }),
})

test('lab/outage: the silence is from the last answer before it to the first after it', () => {
  const probes = [probe(0, true), probe(20, false, 500), probe(40, false, 500), probe(60, true)]
  assert.deepEqual(longestOutage(probes), {
    silentMs: 60,
    lateMs: 0,
    failed: 2,
    errors: ['20: ETIMEDOUT', '40: ETIMEDOUT'],
    total: 4,
    recovered: true,
  })
})

test('lab/outage: a connection that took long counts from its completion', () => {
  assert.equal(longestOutage([probe(0, true), probe(20, true, 400)]).silentMs, 419)
})

test('lab/outage: what the prober slept through is told apart', () => {
  const probes = [probe(0, true), probe(20, false), probe(1020, false), probe(1040, true)]
  assert.partialDeepStrictEqual(longestOutage(probes), { silentMs: 1040, lateMs: 900 })
})

test('lab/outage: a run that ends in failure has not recovered', () => {
  assert.equal(longestOutage([probe(0, true), probe(20, false)]).recovered, false)
})

test('lab/outage: half lines of a stopped prober are passed over', () => {
  assert.equal(parseProbes('{"atMs":1,"ok":true,"tookMs":1}\n{"atMs":2,"o').length, 1)
})
