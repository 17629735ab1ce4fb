/** The controller's decisions on a cluster in memory: what is written, told and kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fakes/clock.ts'
import { FakeController } from '../../test/fakes/controller.ts'
import { ApiError } from '../ports/cluster.ts'
import { SERVICES } from '../ports/resources.ts'

async function started(pools: Record<string, [object, Record<string, string>?]>) {
  const it = new FakeController()
  await it.namespace('d')
  for (const [name, [spec, annotations]] of Object.entries(pools))
    await it.pool(name, spec, annotations)
  it.start()
  await it.quiet()
  return it
}

const small = { addresses: ['10.0.0.0/30'] }

test('controller/reconcile: ten thousand Services are one write each, and none after a restart', async () => {
  const it = await started({ p: [{ addresses: ['10.0.0.0/16'] }] })
  for (let i = 0; i < 10_000; i++) {
    const metadata = { namespace: 'd', name: `s${i}` }
    const spec = { type: 'LoadBalancer', clusterIPs: ['10.96.0.7'], ports: [{ port: 80 }] }
    await it.cluster.create(SERVICES, { metadata, spec })
  }
  await it.quiet()
  const addresses = await it.addresses()
  assert.equal(new Set(Object.values(addresses).flat()).size, 10_000)
  assert.equal(it.writes, 10_000)
  it.kill()
  it.start()
  await it.quiet()
  assert.equal(it.writes, 10_000)
  await it.service('s7', { loadBalancerIP: '10.0.255.1' })
  await it.quiet()
  assert.equal(it.writes, 10_001)
  const patches = it.cluster.calls.filter((call) => call.startsWith('patch ipaddresspools'))
  assert.ok(patches.length < 10, `${patches.length} writes to the pool`)
})

test('controller/reconcile: of Services made while there was no room the oldest is first, then by name', async () => {
  const it = await started({ p: [{ addresses: ['10.0.0.0/32'] }] })
  await it.service('holder')
  await it.quiet()
  const created = (creationTimestamp: string) => ({ creationTimestamp })
  await it.service('a', {}, created('2026-01-03T00:00:00Z'))
  await it.service('c', {}, created('2026-01-02T00:00:00Z'))
  await it.service('b', {}, created('2026-01-02T00:00:00Z'))
  await it.quiet()
  const next: string[] = []
  for (const name of ['holder', 'b', 'c']) {
    await it.deleteService(name)
    await it.quiet()
    next.push(
      ...Object.entries(await it.addresses()).flatMap(([key, ips]) =>
        ips.length > 0 ? [key] : [],
      ),
    )
  }
  assert.deepEqual(next, ['b', 'c', 'a'])
})

test('controller/reconcile: who has an address is served before who has none, however old', async () => {
  const it = await started({ p: [{ addresses: ['10.0.0.0/31', 'fd00::/128'] }] })
  const six = { clusterIPs: ['fd00:96::1'], ipFamilies: ['IPv6'] }
  await it.service('six', six)
  await it.quiet()
  const both = { clusterIPs: ['10.96.0.2', 'fd00:96::2'], ipFamilies: ['IPv4', 'IPv6'] }
  await it.service('dual', { ...both, ipFamilyPolicy: 'PreferDualStack' })
  await it.service('old', six, { creationTimestamp: '2020-01-01T00:00:00Z' })
  await it.quiet()
  await it.deleteService('six')
  await it.quiet()
  assert.deepEqual(await it.addresses(), { dual: ['10.0.0.0', 'fd00::'], old: [] })
})

test('controller/reconcile: nothing more is written to a Service that is gone', async () => {
  const it = await started({ p: [small] })
  await it.service('s')
  it.cluster.failures.push(new ApiError(500, '', 'ill'))
  await settle()
  await it.deleteService('s')
  assert.equal(it.writes, 1)
  await it.quiet()
  assert.equal(it.writes, 1)
})

test('controller/reconcile: after a restart nobody gets what another has, whoever is looked at first', async () => {
  const it = await started({ p: [small], q: [{ addresses: ['10.0.1.0/30'] }] })
  await it.service('a')
  await it.service('b', {}, { annotations: { 'metallb.io/address-pool': 'q' } })
  await it.quiet()
  it.kill()
  await it.service('a', {}, { annotations: { 'metallb.io/address-pool': 'q' } })
  it.start()
  await it.quiet()
  assert.deepEqual(await it.addresses(), { a: ['10.0.1.1'], b: ['10.0.1.0'] })
})

test("controller/reconcile: after a restart what another load balancer wrote into a status is in nobody's way", async () => {
  const it = await started({ p: [small] })
  await it.service('ours')
  await it.quiet()
  it.kill()
  await it.cluster.create(SERVICES, {
    metadata: { namespace: 'd', name: 'theirs' },
    spec: { type: 'LoadBalancer', loadBalancerClass: 'example.com/other', ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
  })
  await it.service('ours', { loadBalancerIP: '10.0.0.1' })
  const [told, writes] = [it.notices.length, it.writes]
  it.start()
  await it.quiet()
  assert.deepEqual(await it.addresses(), { ours: ['10.0.0.1'], theirs: ['10.0.0.1'] })
  assert.deepEqual(it.notices.slice(told), [
    'ours IPAllocated Assigned IP ["10.0.0.1"] from pool "p"',
  ])
  assert.equal(it.writes, writes + 1)
})

test('controller/reconcile: a Service made again under its name is another one: it holds nothing, and is told all', async () => {
  const it = await started({ p: [small] })
  const unknown = { loadBalancerIP: '10.9.9.9' }
  await it.service('s', { loadBalancerIP: '10.0.0.1' })
  await it.service('waits', unknown)
  await it.quiet()
  await it.deleteService('s')
  await it.deleteService('waits')
  await it.service('s')
  await it.service('waits', unknown)
  await it.quiet()
  assert.deepEqual(await it.addresses(), { s: ['10.0.0.0'], waits: [] })
  assert.equal(it.notices.filter((text) => text.startsWith('waits AllocationFailed')).length, 2)
})

test('controller/reconcile: what a Service waits for is told once, not at each change around it', async () => {
  const it = await started({ p: [{ addresses: ['10.0.0.0/32'] }] })
  await it.service('a')
  await it.service('b')
  await it.quiet()
  await it.service('b', {}, { labels: { touched: 'yes' } })
  await it.namespace('d', { touched: 'yes' })
  await it.quiet()
  const told = it.notices.filter((text) => text.startsWith('b '))
  assert.deepEqual(told.length, 1)
  assert.match(told[0] ?? '', /AllocationFailed .*all 1 IPv4 addresses in use/)
})

test('controller/reconcile: a namespace whose labels change opens and closes a pool', async () => {
  const serviceAllocation = { namespaceSelectors: [{ matchLabels: { team: 'y' } }] }
  const it = await started({ p: [{ ...small, serviceAllocation }] })
  await it.service('s')
  await it.quiet()
  assert.deepEqual(await it.addresses(), { s: [] })
  await it.namespace('d', { team: 'y' })
  await it.quiet()
  assert.deepEqual(await it.addresses(), { s: ['10.0.0.0'] })
  await it.namespace('d', {})
  await it.quiet()
  assert.deepEqual(await it.addresses(), { s: [] })
})

test('controller/reconcile: invalid pools leave everything as it is, and are told once', async () => {
  const it = await started({ p: [small] })
  await it.service('s')
  await it.quiet()
  await it.pool('q', { addresses: ['10.0.0.2-10.0.0.9'] })
  await it.service('t')
  await it.quiet()
  assert.deepEqual(await it.addresses(), { s: ['10.0.0.0'], t: ['10.0.0.1'] })
  const told = it.notices.filter((text) => text.includes('ConfigurationError'))
  assert.equal(told.length, 1)
  assert.match(
    told[0] ?? '',
    /^q ConfigurationError spec\.addresses: .*overlaps with already defined/,
  )
})

test('controller/reconcile: a Service that gets another class is left alone, its address free', async () => {
  const it = await started({ p: [{ addresses: ['10.0.0.0/32'] }] })
  await it.service('s')
  await it.service('waits')
  await it.quiet()
  await it.service('s', { loadBalancerClass: 'example.com/other' })
  await it.quiet()
  assert.deepEqual((await it.addresses())['waits'], ['10.0.0.0'])
  const writes = it.writes
  await it.service('s', { loadBalancerClass: 'example.com/other' }, { labels: { touched: 'yes' } })
  await it.quiet()
  assert.equal(it.writes, writes)
})

test('controller/reconcile: with --lb-class only Services of that class are served', async () => {
  const it = new FakeController()
  it.loadBalancerClass = 'example.com/ours'
  await it.pool('p', small)
  await it.service('none')
  await it.service('ours', { loadBalancerClass: 'example.com/ours' })
  it.start()
  await it.quiet()
  assert.deepEqual(await it.addresses(), { none: [], ours: ['10.0.0.0'] })
})

test('controller/reconcile: a Service that is no LoadBalancer any more gives back address and annotation', async () => {
  const it = await started({ p: [small] })
  await it.service('s')
  await it.quiet()
  await it.service('s', { type: 'ClusterIP' })
  await it.quiet()
  assert.deepEqual(await it.addresses(), { s: [] })
  assert.equal(
    (await it.serviceObject('s'))?.metadata.annotations?.['metallb.io/ip-allocated-from-pool'],
    undefined,
  )
})

const keep = { 'bellwether.io/keep-addresses': '1h' }
const HOUR_MS = 3_600_000

for (const [what, between] of [
  ['in one turn', (_: FakeController) => Promise.resolve()],
  [
    'later, with another Service made meanwhile',
    async (it: FakeController) => {
      await it.quiet()
      await it.service('other')
      await it.quiet()
    },
  ],
  [
    'after the controller was started again',
    async (it: FakeController) => {
      await it.quiet()
      it.kill()
      it.start()
      await it.service('other')
      await it.quiet()
    },
  ],
] as const) {
  test(`controller/reconcile: a Service deleted and made again ${what} has back its address`, async () => {
    const it = await started({ p: [small, keep] })
    await it.service('s', { loadBalancerIP: '10.0.0.0' })
    await it.quiet()
    await it.deleteService('s')
    await between(it)
    await it.service('s')
    await it.quiet()
    assert.deepEqual((await it.addresses())['s'], ['10.0.0.0'])
    assert.deepEqual((await it.poolStatus('p'))['kept'], [])
  })
}

test('controller/reconcile: with its holders listed, also one that went while no controller ran', async () => {
  const it = await started({ p: [small, { ...keep, 'bellwether.io/list-holders': 'true' }] })
  await it.service('s', { loadBalancerIP: '10.0.0.2' })
  await it.quiet()
  it.kill()
  await it.deleteService('s')
  await it.service('new')
  await it.service('s')
  it.start()
  await it.quiet()
  assert.deepEqual(await it.addresses(), { new: ['10.0.0.0'], s: ['10.0.0.2'] })
})

test('controller/reconcile: what was kept long enough goes to who waits for it', async () => {
  const it = await started({ p: [{ addresses: ['10.0.0.0/32'] }, keep] })
  await it.service('gone')
  await it.quiet()
  await it.deleteService('gone')
  await it.service('waits')
  await it.quiet()
  assert.deepEqual(await it.addresses(), { waits: [] })
  await it.clock.advance(HOUR_MS)
  await it.quiet()
  assert.deepEqual(await it.addresses(), { waits: ['10.0.0.0'] })
})

test('controller/reconcile: the status has counts for people, and holders where the pool asks for them', async () => {
  const addresses = ['10.0.0.0/24', 'fd00::/64']
  const it = await started({ p: [{ addresses }, { 'bellwether.io/list-holders': 'true' }] })
  const shared = (port: number) =>
    [{ ports: [{ port }] }, { annotations: { 'metallb.io/allow-shared-ip': 'k' } }] as const
  await it.service('b', ...shared(80))
  await it.service('a', ...shared(443))
  await it.service('alone')
  await it.quiet()
  const status = await it.poolStatus('p')
  assert.deepEqual(status['usage'], {
    used: '2 IPv4, 0 IPv6',
    free: '254 IPv4, 1.8e19 IPv6',
    total: '256 IPv4, 1.8e19 IPv6',
  })
  assert.deepEqual(status['holders'], [
    { address: '10.0.0.0', services: ['d/a', 'd/b'] },
    { address: '10.0.0.1', services: ['d/alone'] },
  ])
  assert.equal(status['holdersOmitted'], 0)
  await it.pool('p', { addresses })
  await it.quiet()
  assert.equal((await it.poolStatus('p'))['holders'], undefined)
})

test('controller/reconcile: a pool that fills up warns once for each step, over restarts too', async () => {
  const it = await started({ p: [small, { 'bellwether.io/warn-at-usage': '75,100' }] })
  const warnings = () => it.notices.filter((text) => text.startsWith('p UsageHigh'))
  for (const name of ['a', 'b']) await it.service(name)
  await it.quiet()
  assert.deepEqual(warnings(), [])
  await it.service('c')
  await it.quiet()
  assert.deepEqual(warnings(), ['p UsageHigh 3 of 4 IPv4 addresses taken (75 %): at least 75 %'])
  it.kill()
  it.start()
  await it.quiet()
  assert.equal(warnings().length, 1)
  await it.service('d')
  await it.quiet()
  assert.equal(warnings().length, 2)
  const [condition] = (await it.poolStatus('p'))['conditions'] as Record<string, string>[]
  assert.deepEqual(
    [condition?.['type'], condition?.['status'], condition?.['reason']],
    ['UsageHigh', 'True', 'AtLeast100Percent'],
  )
})

test('controller/reconcile: an annotation of a pool that can not be read is told on it, once, and changes nothing', async () => {
  const it = await started({ p: [small, { 'bellwether.io/keep-addresses': 'forever' }] })
  await it.service('s')
  await it.quiet()
  assert.deepEqual(await it.addresses(), { s: ['10.0.0.0'] })
  const told = it.notices.filter((text) => text.startsWith('p '))
  assert.equal(told.length, 1)
  assert.match(
    told[0] ?? '',
    /ConfigurationError metadata\.annotations\["bellwether\.io\/keep-addresses"\]: expected a duration/,
  )
})

test('controller/reconcile: reserved addresses are left out', async () => {
  const it = await started({
    p: [small, { 'bellwether.io/reserved-addresses': '10.0.0.0, 10.0.0.2' }],
  })
  for (const name of ['a', 'b', 'c']) await it.service(name)
  await it.quiet()
  assert.deepEqual(
    Object.values(await it.addresses())
      .flat()
      .sort(),
    ['10.0.0.1', '10.0.0.3'],
  )
})

test('controller/reconcile: a pool made again under its name has its status written again', async () => {
  const it = await started({ p: [small] })
  await it.deletePool('p')
  await it.quiet()
  await it.pool('p', small)
  await it.quiet()
  assert.deepEqual((await it.poolStatus('p'))['usage'], { used: '0', free: '4', total: '4' })
})
