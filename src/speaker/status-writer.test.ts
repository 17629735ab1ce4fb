import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { ApiError } from '../ports/cluster.ts'
import { SERVICE_L2_STATUSES } from '../ports/resources.ts'
import { newStatus, statusFields } from './status-plan.ts'
import type { Announced } from './status-plan.ts'
import { StatusWriter } from './status-writer.ts'

const NAMESPACE = 'metallb-system'
const nginx: Announced = { service: 'default/nginx', interfaces: [] }

class SilentCluster extends FakeCluster {
  /** What is watched is not heard of. */
  silent = false

  override follow(...[resource, scope, tell, signal]: Parameters<FakeCluster['follow']>) {
    const heard: typeof tell = (...change) => this.silent || tell(...change)
    return super.follow(resource, scope, heard, signal)
  }
}

async function setUp(...others: string[]) {
  const cluster = new SilentCluster()
  const clock = new FakeClock()
  for (const node of others) {
    const created = await cluster.create(SERVICE_L2_STATUSES, newStatus(node, NAMESPACE, nginx, {}))
    const ref = { namespace: NAMESPACE, name: created.metadata.name }
    await cluster.patch(SERVICE_L2_STATUSES, ref, { status: statusFields(node, nginx) })
  }
  const options = {
    self: 'w1',
    namespace: NAMESPACE,
    owner: () => Promise.resolve({ kind: 'Pod' }),
  }
  const stop = new AbortController()
  const writer = new StatusWriter(cluster, clock, new MemoryLog(), options, stop.signal)
  await settle()
  const announce = async (...list: Announced[]) => {
    writer.set(new Map(list.map((entry) => [entry.service, entry])))
    await settle()
    await settle()
  }
  const nodes = async () => {
    const objects = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
    return objects.map(({ status }) => (status as { node?: string } | undefined)?.node)
  }
  return { cluster, clock, writer, announce, nodes }
}

test('speaker/status: taking over leaves one object, which names this node', async () => {
  const { announce, nodes } = await setUp('w2', 'w3')
  await announce(nginx)
  assert.deepEqual(await nodes(), ['w1'])
})

test('speaker/status: giving up removes the own object and no other', async () => {
  const { announce, nodes } = await setUp()
  await announce(nginx)
  await announce()
  assert.deepEqual(await nodes(), [])
  const other = await setUp('w2')
  await other.announce()
  assert.deepEqual(await other.nodes(), ['w2'])
})

test('speaker/status: an object of this node from a former life goes, if the Service is not ours now', async () => {
  const { nodes } = await setUp('w1')
  await settle()
  assert.deepEqual(await nodes(), [])
})

test('speaker/status: deleted by hand it comes back', async () => {
  const { cluster, announce, nodes } = await setUp()
  await announce(nginx)
  const [object] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  assert.ok(object)
  await cluster.delete(SERVICE_L2_STATUSES, object.metadata)
  await settle()
  await settle()
  assert.deepEqual(await nodes(), ['w1'])
})

test('speaker/status: an API error is tried again', async () => {
  const { cluster, clock, announce, nodes } = await setUp()
  cluster.failures.push(new ApiError(503, '', 'away'))
  await announce(nginx)
  assert.deepEqual(await nodes(), [])
  await clock.advance(1000)
  await settle()
  assert.deepEqual(await nodes(), ['w1'])
})

test('speaker/status: deleted again and again it comes back ever later', async () => {
  const { cluster, clock, announce, nodes } = await setUp()
  await announce(nginx)
  const comesBackAfter = async (ms: number) => {
    const [object] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
    assert.ok(object)
    await cluster.delete(SERVICE_L2_STATUSES, object.metadata)
    await settle()
    if (ms > 0) {
      await clock.advance(ms - 1)
      assert.deepEqual(await nodes(), [])
      await clock.advance(1)
    }
    await settle()
    await settle()
    assert.deepEqual(await nodes(), ['w1'])
  }
  for (const ms of [0, 1000, 2000, 4000]) await comesBackAfter(ms)
})

test('speaker/status: a condition keeps its time, though the watch has not told of it yet', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1e12 })
  const { cluster, announce } = await setUp()
  const conflict = { reason: 'Stranger', message: 'one' } as const
  await announce(nginx)
  cluster.silent = true
  await announce({ ...nginx, conflict })
  t.mock.timers.setTime(2e12)
  await announce({ ...nginx, conflict: { ...conflict, message: 'two' } })
  const [object] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  const lastTransitionTime = new Date(1e12).toISOString()
  const condition = { type: 'AddressConflict', status: 'True', reason: 'Stranger', message: 'two' }
  assert.partialDeepStrictEqual(object, {
    status: { conditions: [{ ...condition, lastTransitionTime }] },
  })
})

test('speaker/status: what a node left that is gone is removed, unless another owner does so', async () => {
  const { cluster, writer, nodes } = await setUp('w2')
  writer.setOthers(new Set(['w1', 'w2']), new Set())
  await settle()
  assert.deepEqual(await nodes(), ['w2'], 'its speaker is ready')
  writer.setOthers(new Set(['w1']), new Set(['default/nginx']))
  await settle()
  assert.deepEqual(await nodes(), ['w2'], 'it has an owner')
  const [object] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  await cluster.patch(SERVICE_L2_STATUSES, object?.metadata ?? assert.fail(), { spec: {} })
  await settle()
  assert.deepEqual(await nodes(), ['w2'], 'it has changed')
  writer.setOthers(new Set(['w1']), new Set())
  await settle()
  assert.deepEqual(await nodes(), [])
})
