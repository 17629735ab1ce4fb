/** The port `Cluster` as the real adapter keeps it, against a real API server. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/ports/cluster.ts'
import type { Change, Cluster, Scope } from '../../src/ports/cluster.ts'
import { NAMESPACES, SECRETS, SERVICES } from '../../src/ports/resources.ts'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'
import { MemoryLog } from './memory-log.ts'

let api: ApiServer
let cluster: Cluster
const log = new MemoryLog()
before(async () => {
  api = await ApiServer.start()
  cluster = api.connect(log)
})
after(() => api.stop())

const secret = (name: string, value = 'x') => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'default', name },
  stringData: { value },
})

/** Follows secrets with a label-free scope; `said` is what was heard, `upsert a`, `synced`. */
function follow(scope: Scope = { namespace: 'default' }) {
  const stop = new AbortController()
  const said: string[] = []
  const followed = cluster.follow(
    SECRETS,
    scope,
    (change: Change) =>
      said.push(change.kind === 'synced' ? 'synced' : `${change.kind} ${change.key}`),
    stop.signal,
  )
  return { said, followed, stop: () => stop.abort() }
}

test('cluster: what is there is listed, then synced is said, then changes follow', async () => {
  await cluster.create(SECRETS, secret('there'))
  const { said, followed, stop } = follow()
  await until('the list', () => followed.synced)
  assert.deepEqual(said, ['upsert default/there', 'synced'])
  await cluster.create(SECRETS, secret('new'))
  await until('the new one', () => said.includes('upsert default/new'))
  assert.equal(followed.objects.get('default/new')?.metadata.name, 'new')
  await cluster.delete(SECRETS, { namespace: 'default', name: 'there' })
  await until('the deletion', () => said.includes('delete default/there'))
  assert.equal(followed.objects.has('default/there'), false)
  stop()
  await cluster.delete(SECRETS, { namespace: 'default', name: 'new' })
})

test('cluster: after an API server was away, only what differs is told, and that it was away is logged once', async () => {
  await cluster.create(SECRETS, secret('kept'))
  const { said, followed, stop } = follow()
  await until('the list', () => followed.synced)
  log.lines.length = 0
  await api.pause()
  assert.ok(followed.objects.has('default/kept'), 'what was heard stays while the API is away')
  await until('the loss to be noticed', () => log.events().includes('api-away'))
  await api.resume()
  await cluster.create(SECRETS, secret('later'))
  await until('the new one', () => said.includes('upsert default/later'))
  assert.equal(said.filter((line) => line === 'upsert default/kept').length, 1)
  await until('its return to be logged', () => log.events().includes('api-back'))
  assert.equal(log.events().filter((event) => event === 'api-away').length, 1)
  stop()
  for (const name of ['kept', 'later'])
    await cluster.delete(SECRETS, { namespace: 'default', name })
})

const refusals: readonly [string, () => Promise<unknown>, number, string][] = [
  [
    'an object that is not there',
    () => cluster.get(SECRETS, { namespace: 'default', name: 'no' }),
    404,
    'NotFound',
  ],
  [
    'a name that is taken',
    () =>
      cluster.create(NAMESPACES, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'default' },
      }),
    409,
    'AlreadyExists',
  ],
  [
    'a stale resourceVersion',
    async () => {
      const object = await cluster.get(NAMESPACES, { name: 'default' })
      const labels = { touched: 'once' }
      await cluster.update(NAMESPACES, { ...object, metadata: { ...object.metadata, labels } })
      await cluster.update(NAMESPACES, { ...object, metadata: { ...object.metadata, labels: {} } })
    },
    409,
    'Conflict',
  ],
]
for (const [what, call, status, reason] of refusals) {
  test(`cluster: ${what} is an ApiError with status and reason`, async () => {
    await assert.rejects(call, (error: unknown) => {
      assert.ok(error instanceof ApiError)
      assert.equal(error.status, status)
      assert.equal(error.reason, reason)
      return true
    })
  })
}

test('cluster: an API server that is not there is an ApiError with status 0 that says what was tried', async () => {
  await api.pause()
  try {
    await assert.rejects(cluster.get(NAMESPACES, { name: 'default' }), (error: unknown) => {
      assert.ok(error instanceof ApiError)
      assert.equal(error.status, 0)
      assert.match(error.message, /GET \/api\/v1\/namespaces\/default: /)
      return true
    })
  } finally {
    await api.resume()
  }
})

test('cluster: one updateStatus of a Service writes its annotation too', async () => {
  await cluster.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name: 'lb' },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  })
  const object = await cluster.get(SERVICES, { namespace: 'default', name: 'lb' })
  const written = await cluster.updateStatus(SERVICES, {
    ...object,
    metadata: { ...object.metadata, annotations: { note: 'yes' } },
    status: { loadBalancer: { ingress: [{ ip: '172.18.0.10' }] } },
  })
  assert.equal(written.metadata.annotations?.['note'], 'yes')
  await cluster.delete(SERVICES, { namespace: 'default', name: 'lb' })
})
