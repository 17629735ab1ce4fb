import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { addProcessMetrics } from './process-metrics.ts'

async function read(registry: Registry): Promise<Record<string, number>> {
  const all = await registry.getMetricsAsJSON()
  return Object.fromEntries(all.map(({ name, values }) => [name, values[0]?.value ?? NaN]))
}

test('adapters/process-metrics: it is what the process is said to cost, read anew each time', async () => {
  const registry = new Registry()
  addProcessMetrics(registry)
  const before = await read(registry)
  const { user, system } = process.cpuUsage()
  const cpu = before['process_cpu_seconds_total'] ?? NaN
  assert.ok(cpu > 0 && cpu <= (user + system) / 1e6, `${cpu} s`)
  const memory = (before['process_resident_memory_bytes'] ?? NaN) / process.memoryUsage.rss()
  assert.ok(memory > 0.5 && memory < 2, `${memory} of what it should be`)
  assert.ok((before['process_open_fds'] ?? 0) >= 3)
  const running = Date.now() / 1000 - (before['process_start_time_seconds'] ?? NaN)
  assert.ok(Math.abs(running - process.uptime()) < 1, `${running} s`)

  while (process.cpuUsage({ user, system }).user < 20_000);
  const after = await read(registry)
  assert.ok((after['process_cpu_seconds_total'] ?? NaN) > cpu)
})
