/** The port `Cluster`, as the real adapter keeps it against a real API server, and as the fake does. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/ports/cluster.ts'
import type { Change, Cluster, FollowScope, Resource } from '../../src/ports/cluster.ts'
import { LEASES, NAMESPACES, SECRETS, SERVICES } from '../../src/ports/resources.ts'
import { FakeCluster } from '../fakes/cluster.ts'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'
import { MemoryLog } from './memory-log.ts'

let api: ApiServer
const fake = new FakeCluster()
const log = new MemoryLog()
const clusters: Record<'real' | 'fake', Cluster> = { real: fake, fake }
before(async () => {
  await fake.create(NAMESPACES, { metadata: { name: 'default' } })
  fake.unserved.add(UNSERVED.plural)
  api = await ApiServer.start()
  clusters.real = api.connect(log)
})
after(() => api.stop())

/** Nobody has defined it. */
const UNSERVED: Resource = { ...LEASES, group: 'nowhere.example', plural: 'nothings' }

const secret = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'default', name, labels },
  data: { value: 'eA==' },
})

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'default', name },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
})

/** Follows secrets; `said` is what was heard, `upsert default/a`, `synced`. */
function follow(cluster: Cluster, scope: FollowScope = { namespace: 'default' }) {
  const stop = new AbortController()
  const said: string[] = []
  const heard = (change: Change) =>
    said.push(change.kind === 'synced' ? 'synced' : `${change.kind} ${change.key}`)
  const followed = cluster.follow(SECRETS, scope, heard, stop.signal)
  return { said, followed, stop: () => stop.abort() }
}

/** The error of a call that must be refused. */
async function refused(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call
  } catch (error) {
    assert.ok(error instanceof ApiError)
    return error
  }
  throw new Error('it was not refused')
}

for (const which of ['real', 'fake'] as const) {
  const it = (what: string, work: (cluster: Cluster) => Promise<void>) => {
    test(`cluster, the ${which} one: ${what}`, () => work(clusters[which]))
  }

  it('a kind that is not served is missing, not empty; one that is served is not', async (cluster) => {
    const stop = new AbortController()
    const said: Change[] = []
    const heard = (change: Change) => said.push(change)
    const followed = cluster.follow(UNSERVED, { namespace: 'default' }, heard, stop.signal)
    const other = follow(cluster)
    await until('it to be known', () => followed.missing && other.followed.synced)
    assert.deepEqual([followed.synced, said, other.followed.missing], [false, [], false])
    stop.abort()
    other.stop()
  })

  it('what is there is listed, then synced is said, then changes follow', async (cluster) => {
    await cluster.create(SECRETS, secret('there'))
    const { said, followed, stop } = follow(cluster)
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

  it('of what is followed, only what the selectors choose is told', async (cluster) => {
    await cluster.create(SECRETS, secret('chosen', { a: 'b' }))
    await cluster.create(SECRETS, secret('other'))
    const byLabel = follow(cluster, { namespace: 'default', labelSelector: 'a=b' })
    const byName = follow(cluster, { namespace: 'default', fieldSelector: 'metadata.name=chosen' })
    for (const { said, followed, stop } of [byLabel, byName]) {
      await until('the list', () => followed.synced)
      assert.deepEqual(said, ['upsert default/chosen', 'synced'])
      stop()
    }
    for (const name of ['chosen', 'other'])
      await cluster.delete(SECRETS, { namespace: 'default', name })
  })

  it('a refresh is answered when all that was written before it is known', async (cluster) => {
    const { followed, stop } = follow(cluster)
    await until('the list', () => followed.synced)
    for (let i = 0; i < 5; i++) {
      await cluster.create(SECRETS, secret(`fresh-${i}`))
      await followed.refresh()
      assert.ok(followed.objects.has(`default/fresh-${i}`))
    }
    const both = await Promise.all([followed.refresh(), followed.refresh()])
    assert.equal(both.length, 2)
    stop()
    for (let i = 0; i < 5; i++)
      await cluster.delete(SECRETS, { namespace: 'default', name: `fresh-${i}` })
  })

  it('what is not there, what is there already and what is stale are refused', async (cluster) => {
    const ref = { namespace: 'default', name: 'refused' }
    const missing = await refused(cluster.get(SECRETS, ref))
    assert.deepEqual([missing.status, missing.reason], [404, 'NotFound'])
    const first = await cluster.create(SECRETS, secret('refused'))
    const twice = await refused(cluster.create(SECRETS, secret('refused')))
    assert.deepEqual([twice.status, twice.reason], [409, 'AlreadyExists'])
    const labels = { touched: 'yes' }
    await cluster.update(SECRETS, { ...first, metadata: { ...first.metadata, labels } })
    const stale = await refused(
      cluster.update(SECRETS, { ...first, metadata: { ...first.metadata, labels: { no: 'way' } } }),
    )
    assert.deepEqual([stale.status, stale.reason], [409, 'Conflict'])
    const { resourceVersion } = first.metadata
    const patch = { metadata: { resourceVersion, labels: { no: 'way' } } }
    assert.equal((await refused(cluster.patch(SECRETS, ref, patch))).status, 409)
    assert.deepEqual((await cluster.get(SECRETS, ref)).metadata.labels, labels)
    await cluster.delete(SECRETS, ref)
    assert.equal((await refused(cluster.delete(SECRETS, ref))).status, 404)
    assert.equal((await refused(cluster.update(SECRETS, first))).status, 404)
  })

  it('a write that changes nothing makes no new version', async (cluster) => {
    const first = await cluster.create(SECRETS, secret('same'))
    const again = await cluster.update(SECRETS, first)
    assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion)
    await cluster.delete(SECRETS, first.metadata)
  })

  it('an object made again under its name is another one', async (cluster) => {
    const ref = { namespace: 'default', name: 'again' }
    const { said, followed, stop } = follow(cluster, {
      namespace: 'default',
      fieldSelector: 'metadata.name=again',
    })
    await until('the list', () => followed.synced)
    const first = await cluster.create(SECRETS, secret('again'))
    await cluster.delete(SECRETS, ref)
    const second = await cluster.create(SECRETS, secret('again'))
    assert.notEqual(second.metadata.uid, first.metadata.uid)
    const expected = [
      'synced',
      'upsert default/again',
      'delete default/again',
      'upsert default/again',
    ]
    await until('all of it', () => said.length === 4)
    assert.deepEqual(said, expected)
    stop()
    await cluster.delete(SECRETS, ref)
  })

  it('one updateStatus of a Service writes its annotation too, and not its spec', async (cluster) => {
    const object = await cluster.create(SERVICES, service('lb'))
    const status = { loadBalancer: { ingress: [{ ip: '172.18.0.10', ipMode: 'VIP' }] } }
    const written = await cluster.updateStatus(SERVICES, {
      ...object,
      metadata: { ...object.metadata, annotations: { note: 'yes' } },
      spec: { ...(object['spec'] as object), sessionAffinity: 'ClientIP' },
      status,
    })
    assert.equal(written.metadata.annotations?.['note'], 'yes')
    assert.deepEqual(written['status'], status)
    assert.notEqual((written['spec'] as { sessionAffinity?: string }).sessionAffinity, 'ClientIP')
    await cluster.delete(SERVICES, object.metadata)
  })

  it('an update of a Service does not touch its status', async (cluster) => {
    const object = await cluster.create(SERVICES, service('kept'))
    const status = { loadBalancer: { ingress: [{ ip: '172.18.0.11', ipMode: 'VIP' }] } }
    const written = await cluster.updateStatus(SERVICES, { ...object, status })
    const labels = { touched: 'yes' }
    const updated = await cluster.update(SERVICES, {
      ...written,
      metadata: { ...written.metadata, labels },
      status: { loadBalancer: {} },
    })
    assert.deepEqual(updated['status'], status)
    assert.deepEqual(updated.metadata.labels, labels)
    await cluster.delete(SERVICES, object.metadata)
  })

  it('a patch merges, null removes, and one of the status leaves the rest alone', async (cluster) => {
    const object = await cluster.create(SERVICES, service('patched'))
    const ref = { namespace: 'default', name: 'patched' }
    await cluster.patch(SERVICES, ref, { metadata: { labels: { a: '1', b: '2' } } })
    await cluster.patch(SERVICES, ref, { metadata: { labels: { a: null } } })
    const status = { loadBalancer: { ingress: [{ ip: '172.18.0.12', ipMode: 'VIP' }] } }
    const patch = { status, spec: { sessionAffinity: 'ClientIP' } }
    const patched = await cluster.patch(SERVICES, ref, patch, { subresource: 'status' })
    assert.deepEqual(patched['status'], status)
    assert.deepEqual(patched.metadata.labels, { b: '2' })
    assert.notEqual((patched['spec'] as { sessionAffinity?: string }).sessionAffinity, 'ClientIP')
    await cluster.delete(SERVICES, object.metadata)
  })

  it('of two that take a Lease of one version, one does', async (cluster) => {
    const metadata = { namespace: 'default', name: 'lease' }
    const lease = await cluster.create(LEASES, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: {
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: '2026-01-01T00:00:00.000000Z',
      },
    })
    const take = (holderIdentity: string) =>
      cluster.update(LEASES, { ...lease, spec: { ...(lease['spec'] as object), holderIdentity } })
    const results = await Promise.allSettled([take('a'), take('b')])
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await cluster.delete(LEASES, metadata)
  })
}

test('cluster: after an API server was away, only what differs is told, and that it was away is logged once', async () => {
  const cluster = clusters.real
  await cluster.create(SECRETS, secret('kept'))
  const { said, followed, stop } = follow(cluster)
  const other = follow(cluster, {})
  await until('the lists', () => followed.synced && other.followed.synced)
  log.lines.length = 0
  await api.pause()
  assert.ok(followed.objects.has('default/kept'), 'what was heard stays while the API is away')
  await until('the loss to be noticed', () => log.events().includes('api-away'))
  await api.resume()
  await cluster.create(SECRETS, secret('later'))
  await until('the new one', () => said.includes('upsert default/later'))
  assert.equal(said.filter((line) => line === 'upsert default/kept').length, 1)
  await until('its return to be logged', () => log.events().includes('api-back'))
  assert.deepEqual(log.events(), ['api-away', 'api-back'])
  stop()
  other.stop()
  for (const name of ['kept', 'later'])
    await cluster.delete(SECRETS, { namespace: 'default', name })
})

test('cluster: an API server that is not there is an ApiError with status 0 that says what was tried', async () => {
  await api.pause()
  try {
    const error = await refused(clusters.real.get(NAMESPACES, { name: 'default' }))
    assert.equal(error.status, 0)
    assert.match(error.message, /GET \/api\/v1\/namespaces\/default: /)
  } finally {
    await api.resume()
  }
})
