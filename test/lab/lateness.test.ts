import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { lateness } from './lateness.ts'

test('lab/lateness: a process that is kept from running is late for as long', async () => {
  const late = lateness()
  const until = performance.now() + 300
  while (performance.now() < until) continue
  await delay(50)
  assert.ok(late() >= 280)
})
