/** The controller against a real API server: many Services, restarts, outages. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { systemClock } from '../../src/adapters/clock.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import { EVENTS, IP_ADDRESS_POOLS, SECRETS, SERVICES } from '../../src/ports/resources.ts'
import { ingressOf } from '../fakes/controller.ts'
import { startController } from '../fakes/running-controller.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { NAMESPACE, installed } from './installed.ts'
import { MemoryLog } from './memory-log.ts'

let api: ApiServer
let cluster: Cluster
before(async () => {
  api = await installed()
  cluster = api.connect(new MemoryLog())
})
after(() => api.stop())
afterEach(async () => {
  await api.kubectl('delete', 'services', '--all', '-n', 'default', '--wait=false')
  await api.kubectl('delete', 'ipaddresspools', '--all', '-n', NAMESPACE)
})

let started = 0

function start() {
  const log = new MemoryLog()
  const own = api.connect(log)
  const on = { cluster: own, clock: systemClock, log }
  return startController(on, { leases: (ms) => own.impatient(ms), identity: `test-${started++}` })
}

const pool = (name: string, addresses: string[]) =>
  api.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace: NAMESPACE },
    spec: { addresses },
  })

const create = (name: string, spec: object = {}) =>
  cluster.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
  })

/** Addresses of all Services named with the prefix, once each of `count` has one. */
function served(prefix: string, count: number): Promise<Map<string, string>> {
  return until(`${count} addresses`, async () => {
    const services = await cluster.list(SERVICES, { namespace: 'default' })
    const pairs = services
      .filter(({ metadata }) => metadata.name.startsWith(prefix))
      .flatMap((object) => ingressOf(object).map((ip) => [object.metadata.name, ip] as const))
    return pairs.length === count && new Map(pairs)
  })
}

test('controller: two hundred Services made at once each get an address of their own', async () => {
  const it = start()
  try {
    await pool('big', ['10.100.0.0/16'])
    const names = Array.from({ length: 200 }, (_, i) => `many-${i}`)
    const queue = [...names]
    const worker = async () => {
      for (let name = queue.pop(); name !== undefined; name = queue.pop()) await create(name)
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    const addresses = await served('many-', 200)
    assert.equal(new Set(addresses.values()).size, 200)
    await until('the pool to count them', async () => {
      const object = await cluster.get(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name: 'big' })
      return (object['status'] as { assignedIPv4?: number } | undefined)?.assignedIPv4 === 200
    })
  } finally {
    await it.stop()
  }
})

test('controller: a new one gives nobody the address of another, even one that the pool lists first', async () => {
  await pool('p', ['10.101.0.0/28'])
  const first = start()
  await create('keep-z', { loadBalancerIP: '10.101.0.0' })
  await served('keep-', 1)
  await create('keep-y')
  const before = await served('keep-', 2)
  await first.stop()
  await create('keep-a')
  const second = start()
  try {
    const end = await served('keep-', 3)
    for (const [name, ip] of before) assert.equal(end.get(name), ip)
    assert.equal(end.get('keep-a'), '10.101.0.2')
  } finally {
    await second.stop()
  }
})

test('controller: what changed while the API server was away is caught up with', async () => {
  await pool('p', ['10.102.0.0/28'])
  const it = start()
  try {
    await create('away-a')
    await served('away-', 1)
    await api.pause()
    await until('the loss to be noticed', () => it.log.events().includes('api-away'))
    await api.resume()
    await create('away-b')
    await served('away-', 2)
  } finally {
    await it.stop()
  }
})

test('controller: a deleted pool takes its addresses back, and says so', async () => {
  await pool('old', ['10.103.0.0/28'])
  const it = start()
  try {
    await create('moved')
    await served('moved', 1)
    await api.kubectl('delete', 'ipaddresspool', 'old', '-n', NAMESPACE)
    await until('the address to be gone', async () => {
      const object = await cluster.get(SERVICES, { namespace: 'default', name: 'moved' })
      return (
        ingressOf(object).length === 0 &&
        object.metadata.annotations?.['metallb.io/ip-allocated-from-pool'] === undefined
      )
    })
    await pool('new', ['10.104.0.0/28'])
    assert.equal((await served('moved', 1)).get('moved'), '10.104.0.0')
    const reasons = await until('the events', async () => {
      const events = await cluster.list(EVENTS, { namespace: 'default' })
      const list = events
        .filter((event) => (event['involvedObject'] as { name: string }).name === 'moved')
        .map((event) => String(event['reason']))
      return (
        list.includes('ClearAssignment') &&
        list.filter((r) => r === 'IPAllocated').length === 2 &&
        list
      )
    })
    assert.ok(reasons.includes('AllocationFailed'))
  } finally {
    await it.stop()
  }
})

test('controller: the memberlist secret is made once, owned by the Deployment', async () => {
  const it = start()
  try {
    const secret = await until('the secret', () =>
      cluster.get(SECRETS, { namespace: NAMESPACE, name: 'memberlist' }),
    )
    const data = secret['data'] as { secretkey: string }
    assert.match(Buffer.from(data.secretkey, 'base64').toString(), /^[A-Za-z0-9+/]{22}$/)
    assert.equal((secret.metadata.ownerReferences?.[0] as { kind: string }).kind, 'Deployment')
  } finally {
    await it.stop()
  }
  const again = start()
  await until('it to be found', () => again.log.events().includes('memberlist-secret-found'))
  await again.stop()
})
