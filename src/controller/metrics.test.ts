import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentedMetrics, keptMetrics } from '../../test/arch/documented-metrics.ts'
import { ControllerMetrics } from './metrics.ts'

const WATCHED = {
  leading: () => true,
  eventsWaiting: () => 3,
  eventsDropped: () => ({ rateLimited: 2, queueFull: 0 }),
}

async function samples(metrics: ControllerMetrics): Promise<Map<string, number>> {
  const { body } = await metrics.page()
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  )
}

function leader() {
  const metrics = new ControllerMetrics()
  metrics.watch(WATCHED)
  metrics.begin({ waiting: 5 })
  const usage = {
    assigned: { 4: 2, 6: 1 },
    kept: { 4: 0, 6: 0 },
    available: { 4: 14n, 6: 2n ** 80n },
    total: { 4: 16n, 6: 2n ** 80n + 1n },
  }
  metrics.usage(new Map([['a', usage]]), [{ pool: 'a' }, { pool: 'a' }])
  return metrics
}

test("controller/metrics: MetalLB's of a pool, under its names and label", async () => {
  const seen = await samples(leader())
  for (const [name, value] of [
    ['ipv4_addresses_total', 16],
    ['ipv4_addresses_in_use_total', 2],
    ['ipv6_addresses_in_use_total', 1],
    ['addresses_in_use_total', 3],
    ['services_allocated_total', 2],
  ] as const) {
    assert.equal(seen.get(`metallb_allocator_${name}{pool="a"}`), value, name)
  }
  const ipv6 = seen.get('metallb_allocator_ipv6_addresses_total{pool="a"}') ?? 0
  assert.ok(ipv6 >= 2 ** 80)
})

test('controller/metrics: a pool that is gone is gone here', async () => {
  const metrics = leader()
  metrics.usage(new Map(), [])
  assert.equal(
    [...(await samples(metrics)).keys()].some((name) => name.includes('pool=')),
    false,
  )
})

test('controller/metrics: a configuration that cannot be used is stale, not unloaded; nobody knows it but the leader', async () => {
  const metrics = leader()
  const bools = async () => {
    const seen = await samples(metrics)
    return ['loaded', 'stale'].map((name) => seen.get(`metallb_k8s_client_config_${name}_bool`))
  }
  assert.deepEqual(await bools(), [0, 0])
  metrics.configuration(undefined)
  assert.deepEqual(await bools(), [1, 0])
  metrics.configuration([
    { where: 'IPAddressPool/a', path: '', message: 'overlaps', transient: false },
  ])
  assert.deepEqual(await bools(), [1, 1])
  metrics.configuration(undefined)
  assert.deepEqual(await bools(), [1, 0])
  const pools = async () =>
    [...(await samples(metrics)).keys()].filter((name) => name.startsWith('metallb_allocator_'))
  assert.ok((await pools()).length > 0)
  metrics.end()
  assert.deepEqual(await bools(), [undefined, undefined])
  assert.deepEqual(await pools(), [])
})

test('controller/metrics: writes, latency, queues, drops and who leads', async () => {
  const metrics = leader()
  metrics.written('services', 'ok')
  metrics.written('services', 'failed')
  metrics.allocated(20)
  metrics.updated()
  const seen = await samples(metrics)
  for (const [name, value] of [
    ['bellwether_api_writes_total{resource="services",result="ok"}', 1],
    ['metallb_k8s_client_update_errors_total', 1],
    ['metallb_k8s_client_updates_total', 1],
    ['bellwether_allocation_seconds_bucket{le="0.01"}', 0],
    ['bellwether_allocation_seconds_bucket{le="0.025"}', 1],
    ['bellwether_queue_depth{queue="services"}', 5],
    ['bellwether_queue_depth{queue="events"}', 3],
    ['bellwether_events_dropped_total{reason="rateLimited"}', 2],
    ['bellwether_leader', 1],
  ] as const) {
    assert.equal(seen.get(name), value, name)
  }
})

test('controller/metrics: docs/metrics.md has each of them with its type and labels, and no other', () => {
  assert.deepEqual(documentedMetrics('Controller'), keptMetrics(new ControllerMetrics().families))
})
