import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../../test/contract/memory-log.ts'
import { FakeClock } from '../../../test/fakes/clock.ts'
import { FakeCluster } from '../../../test/fakes/cluster.ts'
import { ApiError } from '../../ports/cluster.ts'
import { EVENTS } from '../../ports/resources.ts'
import { EventRecorder } from './events.ts'

const nginx = { apiVersion: 'v1', kind: 'Service', namespace: 'd', name: 'nginx', uid: 'u' }

function setUp() {
  const cluster = new FakeCluster()
  const clock = new FakeClock()
  const log = new MemoryLog()
  const recorder = new EventRecorder(cluster, clock, log, 'metallb-controller')
  const events = async () => {
    const list = await cluster.list(EVENTS, { namespace: 'd' })
    return list.map((event) => `${String(event['reason'])} ${String(event['count'])}`)
  }
  return { cluster, clock, log, recorder, events }
}

test('kube/events: the same said again counts up, another message is another event', async () => {
  const { clock, recorder, events } = setUp()
  recorder.record(nginx, 'Warning', 'AllocationFailed', 'full')
  recorder.record(nginx, 'Warning', 'AllocationFailed', 'full')
  await recorder.flush()
  await clock.advance(1)
  recorder.record(nginx, 'Warning', 'AllocationFailed', 'still full')
  await recorder.flush()
  assert.deepEqual(await events(), ['AllocationFailed 2', 'AllocationFailed 1'])
})

test('kube/events: one that has expired at the server is made anew', async () => {
  const { cluster, clock, recorder, events } = setUp()
  recorder.record(nginx, 'Normal', 'nodeAssigned', 'w1')
  await recorder.flush()
  const [old] = await cluster.list(EVENTS, { namespace: 'd' })
  assert.ok(old)
  await cluster.delete(EVENTS, old.metadata)
  await clock.advance(3_600_000)
  recorder.record(nginx, 'Normal', 'nodeAssigned', 'w1')
  await recorder.flush()
  assert.deepEqual(await events(), ['nodeAssigned 1'])
})

test('kube/events: one that cannot be written is told in the log, and the next is written', async () => {
  const { cluster, clock, log, recorder, events } = setUp()
  cluster.failures.push(new ApiError(500, '', 'ill'))
  recorder.record(nginx, 'Normal', 'first', 'lost')
  await recorder.flush()
  await clock.advance(1)
  recorder.record(nginx, 'Normal', 'second', 'written')
  await recorder.flush()
  assert.deepEqual(log.events(), ['event-not-written'])
  assert.deepEqual(await events(), ['second 1'])
})

test('kube/events: while the API does not answer, only so many wait', async () => {
  const { cluster, log, recorder, events } = setUp()
  const gate = Promise.withResolvers<void>()
  cluster.gate = gate.promise
  for (let i = 0; i < 1005; i++) recorder.record(nginx, 'Normal', 'same', 'again and again')
  assert.equal(log.events().length, 5)
  cluster.gate = undefined
  gate.resolve()
  await recorder.flush()
  assert.deepEqual(await events(), ['same 1000'])
})
