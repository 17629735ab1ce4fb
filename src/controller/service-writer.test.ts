import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { ApiError } from '../ports/cluster.ts'
import type { KubeObject } from '../ports/cluster.ts'
import { SERVICES } from '../ports/resources.ts'
import { ServiceWriter } from './service-writer.ts'

const REF = { namespace: 'd', name: 's' }
const ONE = { ips: ['10.0.0.1'], pool: 'p' }
const TWO = { ips: ['10.0.0.2'], pool: 'p' }
const NONE = { ips: [], pool: undefined }

async function setUp() {
  const cluster = new FakeCluster()
  const clock = new FakeClock()
  const log = new MemoryLog()
  const writer = new ServiceWriter(cluster, clock, log)
  const make = () => cluster.create(SERVICES, { metadata: REF })
  const object = await make()
  const writes = () => cluster.calls.filter((call) => call.startsWith('updateStatus')).length
  const now = async () => summary(await cluster.get(SERVICES, REF))
  return { cluster, clock, log, writer, object, make, writes, now }
}

function summary({ metadata, status }: KubeObject): string {
  const { loadBalancer } = status as { loadBalancer: { ingress: { ip: string }[] } }
  const pool = metadata.annotations?.['metallb.io/ip-allocated-from-pool'] ?? '-'
  return `${loadBalancer.ingress.map(({ ip }) => ip).join()} ${pool}`
}

test('controller/writer: status and annotation are one write; what says so already is left alone', async () => {
  const { cluster, writer, object, writes, now } = await setUp()
  writer.want('d/s', object, ONE)
  await settle()
  assert.equal(await now(), '10.0.0.1 p')
  writer.want('d/s', await cluster.get(SERVICES, REF), ONE)
  await settle()
  assert.equal(writes(), 1)
})

test('controller/writer: that somebody else wrote first is no trouble, and is tried again', async () => {
  const { cluster, clock, log, writer, object, now, writes } = await setUp()
  cluster.failures.push(new ApiError(409, 'Conflict', 'changed'))
  writer.want('d/s', object, ONE)
  await settle()
  await clock.advance(999)
  assert.equal(writes(), 1)
  await clock.advance(1)
  assert.equal(await now(), '10.0.0.1 p')
  assert.deepEqual(log.events(), ['service-written'])
})

test('controller/writer: taking back removes the annotation', async () => {
  const { cluster, writer, object, now } = await setUp()
  writer.want('d/s', object, ONE)
  await settle()
  writer.want('d/s', await cluster.get(SERVICES, REF), NONE)
  await settle()
  assert.equal(await now(), ' -')
})

test('controller/writer: a new decision while a write is under way is written after it', async () => {
  const { cluster, writer, object, now, writes } = await setUp()
  const gate = Promise.withResolvers<void>()
  cluster.gate = gate.promise
  writer.want('d/s', object, ONE)
  await settle()
  writer.want('d/s', object, TWO)
  cluster.gate = undefined
  gate.resolve()
  await settle()
  assert.equal(await now(), '10.0.0.2 p')
  assert.equal(writes(), 2)
})

test('controller/writer: an error is tried again, later each time', async () => {
  const { cluster, clock, writer, object, now, writes } = await setUp()
  for (let i = 0; i < 3; i++) cluster.failures.push(new ApiError(500, '', 'ill'))
  writer.want('d/s', object, ONE)
  await settle()
  await clock.advance(249)
  assert.equal(writes(), 1)
  await clock.advance(1)
  assert.equal(writes(), 2)
  await clock.advance(499)
  assert.equal(writes(), 2)
  await clock.advance(2000)
  assert.equal(await now(), '10.0.0.1 p')
})

test('controller/writer: after a conflict the object that the watch brings is written at once', async () => {
  const { cluster, writer, object, now } = await setUp()
  const labels = { touched: 'yes' }
  const newer = await cluster.update(SERVICES, {
    ...object,
    metadata: { ...object.metadata, labels },
  })
  writer.want('d/s', object, ONE)
  await settle()
  writer.want('d/s', newer, ONE)
  await settle()
  assert.equal(await now(), '10.0.0.1 p')
  assert.deepEqual((await cluster.get(SERVICES, REF)).metadata.labels, labels)
})

test('controller/writer: a Service made again under its name is written, whatever became of the former', async () => {
  const { cluster, clock, writer, object, make, now } = await setUp()
  const gate = Promise.withResolvers<void>()
  cluster.gate = gate.promise
  cluster.failures.push(new ApiError(404, 'NotFound', 'it is gone'))
  writer.want('d/s', object, ONE)
  await settle()
  cluster.gate = undefined
  await cluster.delete(SERVICES, REF)
  writer.forget('d/s')
  const again = await make()
  cluster.failures.push(new ApiError(500, '', 'ill'))
  writer.want('d/s', again, TWO)
  gate.resolve()
  await settle()
  await clock.advance(1000)
  assert.equal(await now(), '10.0.0.2 p')
})

test('controller/writer: closing waits for what is under way and starts nothing new', async () => {
  const { cluster, clock, writer, object, writes } = await setUp()
  const gate = Promise.withResolvers<void>()
  cluster.gate = gate.promise
  writer.want('d/s', object, ONE)
  await settle()
  let closed = false
  const closing = writer.close().then(() => (closed = true))
  await clock.advance(50)
  assert.equal(closed, false)
  cluster.gate = undefined
  gate.resolve()
  await settle()
  await clock.advance(50)
  await closing
  writer.want('d/s', object, TWO)
  await settle()
  assert.equal(writes(), 1)
})
