import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { until } from '../../test/lab/until.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster } from '../ports/cluster.ts'
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  SECRETS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../ports/resources.ts'
import { CONVERTED_DEFINITION, CaInjector, WEBHOOK_CONFIGURATION } from './ca-injector.ts'
import { judge, renew } from './certificates.ts'
import type { Certificates } from './certificates.ts'
import { Owner } from './owner.ts'
import { WebhookSecret } from './webhook-secret.ts'

const NAMES = ['metallb-webhook-service.metallb-system.svc']
const NOW = new Date('2026-06-01T00:00:00Z')
const later = (days: number) => new Date(NOW.getTime() + days * 86_400_000)
const made = await renew('renew all', undefined, NAMES, NOW)
const other = await renew('renew all', undefined, NAMES, NOW)

test('certificates: what is made is good, for its names and no others', () => {
  assert.equal(judge(made, NAMES, NOW), 'good')
  assert.equal(judge(made, ['else.where.svc'], NOW), 'renew server')
  const server = new X509Certificate(made.server.cert)
  assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(server.ca, false)
})

for (const [what, spoil, verdict] of [
  ['another key', (it) => ({ ...it, server: { ...it.server, key: it.authority.key } }), 'server'],
  ['a server of another authority', (it) => ({ ...it, server: other.server }), 'server'],
  ['a server of nonsense', (it) => ({ ...it, server: { cert: 'x', key: 'y' } }), 'server'],
  ['no authority', (it) => ({ ...it, authority: { cert: '', key: '' } }), 'all'],
  ['a server as authority', (it) => ({ ...it, authority: it.server }), 'all'],
] as const satisfies [string, (it: Certificates) => Certificates, string][]) {
  test(`certificates: ${what} is renewed`, () => {
    assert.equal(judge(spoil(made), NAMES, NOW), `renew ${verdict}`)
  })
}

test('certificates: the server is renewed before its end and keeps its authority', async () => {
  assert.equal(judge(made, NAMES, later(270)), 'good')
  assert.equal(judge(made, NAMES, later(280)), 'renew server')
  const renewed = await renew('renew server', made, NAMES, later(280))
  assert.deepEqual(renewed.authority, made.authority)
  assert.equal(judge(renewed, NAMES, later(280)), 'good')
})

test('certificates: a new authority comes with the one before, which is trusted to its end', async () => {
  assert.equal(judge(made, NAMES, later(3600)), 'renew all')
  const renewed = await renew('renew all', made, NAMES, later(3600))
  assert.equal(judge(renewed, NAMES, later(3600)), 'good')
  assert.equal(renewed.authority.cert.match(/BEGIN CERTIFICATE/g)?.length, 2)
  const after = await renew('renew all', renewed, NAMES, later(8000))
  assert.equal(after.authority.cert.match(/BEGIN CERTIFICATE/g)?.length, 1)
})

test("certificates: an authority of MetalLB's, of RSA, signs on", async () => {
  const rsa = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', '/CN=ca']
  const pem = execFileSync('openssl', [...rsa, '-keyout', '-'], { encoding: 'utf8', stdio: 'pipe' })
  const part = (label: string) =>
    new RegExp(`-+BEGIN ${label}-+[^]*END ${label}-+`).exec(pem)?.[0] ?? ''
  const before = {
    authority: { cert: part('CERTIFICATE'), key: part('PRIVATE KEY') },
    server: { cert: '', key: '' },
  }
  const now = new Date()
  assert.equal(judge(before, NAMES, now), 'renew server')
  assert.equal(judge(await renew('renew server', before, NAMES, now), NAMES, now), 'good')
})

/** A replica: `taken` is what it serves. */
function replica(cluster: Cluster, today = () => NOW) {
  const stop = new AbortController()
  const clock = new FakeClock()
  const taken: Certificates[] = []
  const log = new MemoryLog()
  const owner = new Owner(cluster, log, 'ns', 'controller')
  const options = { namespace: 'ns', secret: 'cert', names: NAMES, today, owner }
  new WebhookSecret(cluster, clock, log, options, (it) => taken.push(it), stop.signal)
  return { taken, clock, log, stop: () => stop.abort() }
}

test('webhook-secret: two replicas that start at once agree on one authority', async () => {
  const cluster = new FakeCluster()
  const both = [replica(cluster), replica(cluster)]
  await until('both to have it', () => both.every(({ taken }) => taken.length > 0))
  assert.deepEqual(both[0]?.taken, both[1]?.taken)
  assert.equal(both.filter(({ log }) => log.events().includes('certificates-made')).length, 1)
  for (const { stop } of both) stop()
})

test('webhook-secret: one that it makes goes with the Deployment, one that it fills stays whosever it is', async () => {
  const owners = async (cluster: FakeCluster) =>
    (await cluster.get(SECRETS, { namespace: 'ns', name: 'cert' })).metadata.ownerReferences
  const cluster = new FakeCluster()
  const { metadata } = await cluster.create(DEPLOYMENTS, {
    metadata: { namespace: 'ns', name: 'controller' },
  })
  const one = replica(cluster)
  await until('it to be made', () => one.taken.length === 1)
  const [owner] = (await owners(cluster)) as { uid: string }[]
  assert.equal(owner?.uid, metadata.uid)
  await cluster.delete(SECRETS, { namespace: 'ns', name: 'cert' })
  await until('it to be made again', () => one.taken.length === 2)
  one.stop()
  // MetalLB's manifest brings it, empty.
  const metallb = new FakeCluster()
  await metallb.create(DEPLOYMENTS, { metadata: { namespace: 'ns', name: 'controller' } })
  await metallb.create(SECRETS, {
    metadata: { namespace: 'ns', name: 'cert' },
    data: { other: 'eA==' },
  })
  const other = replica(metallb)
  await until('it to be filled', () => other.taken.length === 1)
  assert.equal(await owners(metallb), undefined)
  const filled = await metallb.get(SECRETS, { namespace: 'ns', name: 'cert' })
  assert.equal((filled['data'] as Record<string, string>)['other'], 'eA==')
  other.stop()
})

test('webhook-secret: what ends soon is renewed while it runs, once for both', async () => {
  const cluster = new FakeCluster()
  let now = NOW
  const both = [replica(cluster, () => now), replica(cluster, () => now)]
  await until('both to have it', () => both.every(({ taken }) => taken.length > 0))
  now = later(300)
  for (const { clock } of both) await clock.advance(12 * 3_600_000)
  await until('both to have new ones', () => both.every(({ taken }) => taken.length === 2))
  assert.deepEqual(both[0]?.taken[1], both[1]?.taken[1])
  assert.deepEqual(both[0]?.taken[1]?.authority, both[0]?.taken[0]?.authority)
  for (const { stop } of both) stop()
})

test('webhook-secret: a secret that is emptied or deleted is filled again; trouble is told once', async () => {
  const cluster = new FakeCluster()
  const { taken, clock, log, stop } = replica(cluster)
  await until('it to be there', () => taken.length === 1)
  const ref = { namespace: 'ns', name: 'cert' }
  await cluster.delete(SECRETS, ref)
  await until('it to be made again', () => taken.length === 2)
  await cluster.patch(SECRETS, ref, { data: null })
  await until('it to be filled', () => taken.length === 3)
  const deleted = cluster.delete(SECRETS, ref)
  // Taken by the two calls after the deletion.
  cluster.failures.push(new ApiError(500, '', 'no'), new ApiError(500, '', 'no'))
  await deleted
  await until('trouble', () => log.events().includes('certificates-not-kept'))
  await until('it to be made in the end', async () => {
    await clock.advance(2000)
    return taken.length === 4
  })
  assert.equal(log.events().filter((event) => event === 'certificates-not-kept').length, 1)
  stop()
})

test('ca-injector: the authority is put in, put back, and changed where it changes', async () => {
  const cluster = new FakeCluster()
  const stop = new AbortController()
  const webhooks = ['a', 'b'].map((name) => ({ name, clientConfig: { service: { name: 's' } } }))
  await cluster.create(VALIDATING_WEBHOOK_CONFIGURATIONS, {
    metadata: { name: WEBHOOK_CONFIGURATION },
    webhooks,
  })
  const conversion = { strategy: 'Webhook', webhook: { clientConfig: { service: { name: 's' } } } }
  await cluster.create(CUSTOM_RESOURCE_DEFINITIONS, {
    metadata: { name: CONVERTED_DEFINITION },
    spec: { conversion },
  })
  const injector = new CaInjector(cluster, new FakeClock(), new MemoryLog(), stop.signal)
  const bundles = async () => {
    const [configuration] = await cluster.list(VALIDATING_WEBHOOK_CONFIGURATIONS, {})
    const [definition] = await cluster.list(CUSTOM_RESOURCE_DEFINITIONS, {})
    const configs = [
      ...(configuration?.['webhooks'] as typeof webhooks),
      (definition?.['spec'] as { conversion: typeof conversion }).conversion.webhook,
    ].map(({ clientConfig }) => clientConfig as { caBundle?: string; service: object })
    assert.ok(configs.every(({ service }) => 'name' in service))
    return configs.map(({ caBundle = '' }) => Buffer.from(caBundle, 'base64').toString()).join()
  }
  injector.use('one')
  await until('it to be put in', async () => (await bundles()) === 'one,one,one')
  const [object] = await cluster.list(VALIDATING_WEBHOOK_CONFIGURATIONS, {})
  assert.ok(object)
  await cluster.update(VALIDATING_WEBHOOK_CONFIGURATIONS, { ...object, webhooks })
  await until('it to be put back', async () => (await bundles()) === 'one,one,one')
  injector.use('two')
  await until('it to be changed', async () => (await bundles()) === 'two,two,two')
  stop.abort()
})
