import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../../test/fakes/clock.ts'
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

test('kube/events: while the API is ill it is tried again, and told once', async () => {
  const { cluster, clock, log, recorder, events } = setUp()
  for (let i = 0; i < 3; i++) cluster.failures.push(new ApiError(500, '', 'ill'))
  recorder.record(nginx, 'Normal', 'first', 'late')
  recorder.record(nginx, 'Normal', 'second', 'behind it')
  await settle()
  await clock.advance(6999)
  assert.deepEqual(await events(), [])
  await clock.advance(1)
  await recorder.flush()
  assert.deepEqual(await events(), ['first 1', 'second 1'])
  assert.deepEqual(log.events(), ['event-not-written', 'events-written-again'])
})

test('kube/events: one that is refused is given up and counted, and the next is written', async () => {
  const { cluster, log, recorder, events } = setUp()
  cluster.failures.push(new ApiError(403, 'Forbidden', 'no'))
  recorder.record(nginx, 'Normal', 'first', 'lost')
  recorder.record(nginx, 'Normal', 'second', 'written')
  await recorder.flush()
  assert.deepEqual(await events(), ['second 1'])
  assert.equal(recorder.dropped.notWritten, 1)
  assert.deepEqual(log.events(), ['event-not-written', 'events-written-again'])
})

test('kube/events: while the API does not answer, only so many wait, and the others are counted', async () => {
  const { cluster, log, recorder } = setUp()
  const gate = Promise.withResolvers<void>()
  cluster.gate = gate.promise
  // One is on its way, a thousand wait.
  for (let i = 0; i < 1006; i++) recorder.record({ ...nginx, name: `s${i}` }, 'Normal', 'x', 'y')
  assert.equal(recorder.waiting, 1000)
  assert.equal(recorder.dropped.queueFull, 5)
  assert.deepEqual(log.events(), ['event-not-written'])
  cluster.gate = undefined
  gate.resolve()
  await recorder.flush()
  assert.equal((await cluster.list(EVENTS, { namespace: 'd' })).length, 1001)
})

test('kube/events: what is said while a write is under way is one write', async () => {
  const { cluster, recorder, events } = setUp()
  const gate = Promise.withResolvers<void>()
  cluster.gate = gate.promise
  for (let i = 0; i < 11; i++) recorder.record(nginx, 'Normal', 'same', 'again and again')
  cluster.gate = undefined
  gate.resolve()
  await recorder.flush()
  assert.deepEqual(await events(), ['same 11'])
  assert.equal(cluster.calls.filter((call) => !call.startsWith('list')).length, 2)
})
