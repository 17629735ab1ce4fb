import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UplinkWatch } from './uplinks.ts'

const told = (watch: UplinkWatch): Record<string, string> => Object.fromEntries(watch.told)

test('announce/uplinks: an interface that is listed and there is not told of', () => {
  const watch = new UplinkWatch(30_000)
  watch.update(['eth1'], new Set(['eth0', 'eth1']), 0)
  assert.deepEqual(told(watch), {})
  assert.equal(watch.nextDeadline, undefined)
})

test('announce/uplinks: one that goes is down; once back it waits, and is up', () => {
  const watch = new UplinkWatch(30_000)
  const there = new Set(['eth0'])
  watch.update(['eth1'], there, 0)
  assert.deepEqual(told(watch), { eth1: 'down' })
  watch.update(['eth1'], new Set(['eth0', 'eth1']), 1000)
  assert.deepEqual(told(watch), { eth1: 'returning' })
  assert.equal(watch.nextDeadline, 31_000)
  watch.update(['eth1'], new Set(['eth0', 'eth1']), 30_999)
  assert.deepEqual(told(watch), { eth1: 'returning' })
  watch.update(['eth1'], new Set(['eth0', 'eth1']), 31_000)
  assert.deepEqual(told(watch), {})
})

test('announce/uplinks: one that goes while it waits is down again', () => {
  const watch = new UplinkWatch(30_000)
  watch.update(['eth1'], new Set(), 0)
  watch.update(['eth1'], new Set(['eth1']), 1)
  watch.update(['eth1'], new Set(['eth0']), 2)
  assert.deepEqual(told(watch), { '*': 'returning', eth1: 'down' })
})

test('announce/uplinks: where nothing qualifies, all is down', () => {
  const watch = new UplinkWatch(0)
  watch.update([], new Set(), 0)
  assert.deepEqual(told(watch), { '*': 'down' })
  watch.update([], new Set(['eth0']), 1)
  assert.deepEqual(told(watch), {}, 'without a delay it is up at once')
})

test('announce/uplinks: what no advertisement lists any more is forgotten', () => {
  const watch = new UplinkWatch(30_000)
  watch.update(['eth1'], new Set(['eth0']), 0)
  watch.update([], new Set(['eth0']), 1)
  assert.deepEqual(told(watch), {})
})
