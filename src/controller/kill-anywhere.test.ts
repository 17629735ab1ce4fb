/**
 * The controller is killed at each of its API calls in turn, before the call and after it took effect; a
 * new one takes over. In the end every Service has what it asks for, and nothing was lost or moved.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { ingressOf } from '../../test/fakes/controller.ts'
import { startController } from '../../test/fakes/running-controller.ts'
import type { Cluster, KubeObject } from '../ports/cluster.ts'
import {
  DEPLOYMENTS,
  IP_ADDRESS_POOLS,
  LEASES,
  NAMESPACES,
  SECRETS,
  SERVICES,
} from '../ports/resources.ts'
import { LEASE_NAME } from './leadership.ts'

const NAMESPACE = 'metallb-system'
interface Kill {
  /** The number of the call, from 1. */
  readonly call: number
  readonly when: 'before' | 'after'
}

/** The cluster as a process sees it that dies at a given call: from then on it neither says nor hears. */
class Mortal {
  readonly #death = new AbortController()
  readonly #kill: Kill | undefined
  readonly cluster: Cluster
  calls = 0

  constructor(real: FakeCluster, kill?: Kill) {
    this.#kill = kill
    const through =
      <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        const fatal = ++this.calls === this.#kill?.call
        if (fatal && this.#kill?.when === 'before') this.#death.abort()
        if (this.dead) return new Promise<T>(() => undefined)
        const answer = call(...args)
        if (fatal) this.#death.abort()
        const result = await answer
        return this.dead ? new Promise<T>(() => undefined) : result
      }
    this.cluster = {
      follow: (resource, scope, onChange, signal) => {
        const either = AbortSignal.any([signal, this.#death.signal])
        return real.follow(resource, scope, onChange, either)
      },
      get: through(real.get.bind(real)),
      list: through(real.list.bind(real)),
      create: through(real.create.bind(real)),
      update: through(real.update.bind(real)),
      updateStatus: through(real.updateStatus.bind(real)),
      patch: through(real.patch.bind(real)),
      delete: through(real.delete.bind(real)),
    }
  }

  get dead(): boolean {
    return this.#death.signal.aborted
  }
}

/** A process that runs a controller. */
function start(real: FakeCluster, clock: FakeClock, identity: string, kill?: Kill) {
  const mortal = new Mortal(real, kill)
  startController({ cluster: mortal.cluster, clock, log: new MemoryLog() }, { identity })
  return { mortal }
}

const service = (name: string, spec: object = {}, annotations: Record<string, string> = {}) => ({
  metadata: { namespace: 'd', name, annotations },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.1',
    clusterIPs: ['10.96.0.1'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ports: [{ port: 80, protocol: 'TCP' }],
    ...spec,
  },
})

const pool = (name: string, addresses: string[]) => ({
  metadata: { namespace: NAMESPACE, name },
  spec: { addresses },
})

const SHARED = { 'metallb.io/allow-shared-ip': 'key' }

/** Before any controller: Services of every sort that the pools can serve. */
async function populate(cluster: FakeCluster): Promise<void> {
  await cluster.create(NAMESPACES, { metadata: { name: 'd' } })
  const deployment = { metadata: { namespace: NAMESPACE, name: 'controller' } }
  await cluster.create(DEPLOYMENTS, deployment)
  await cluster.create(IP_ADDRESS_POOLS, pool('a', ['10.0.0.0/30', 'fd00::/126']))
  await cluster.create(IP_ADDRESS_POOLS, pool('b', ['10.0.1.0/30']))
  const dual = {
    clusterIPs: ['10.96.0.2', 'fd00:96::2'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
  }
  await cluster.create(SERVICES, service('plain'))
  await cluster.create(SERVICES, service('dual', dual))
  await cluster.create(SERVICES, service('asks', { loadBalancerIP: '10.0.1.2' }))
  await cluster.create(SERVICES, service('http', {}, SHARED))
  const https = { ports: [{ port: 443, protocol: 'TCP' }] }
  await cluster.create(SERVICES, service('https', https, SHARED))
}

/** What happens to the Services once they have addresses. */
const CHANGES: readonly ((cluster: FakeCluster) => Promise<unknown>)[] = [
  (cluster) => cluster.delete(SERVICES, { namespace: 'd', name: 'plain' }),
  (cluster) => cluster.create(SERVICES, service('late')),
  (cluster) =>
    cluster.patch(
      SERVICES,
      { namespace: 'd', name: 'asks' },
      { spec: { loadBalancerIP: '10.0.1.3' } },
    ),
  (cluster) =>
    cluster.patch(SERVICES, { namespace: 'd', name: 'http' }, { spec: { type: 'ClusterIP' } }),
]

interface Seen {
  readonly uid: string
  readonly ips: readonly string[]
  readonly pool: string | undefined
}

async function seen(cluster: FakeCluster): Promise<Map<string, Seen>> {
  const objects = await cluster.list(SERVICES, {})
  return new Map(objects.map((object) => [object.metadata.name, seenOf(object)]))
}

function seenOf(object: KubeObject): Seen {
  const { uid = '', annotations } = object.metadata
  const pool = annotations?.['metallb.io/ip-allocated-from-pool']
  return { uid, ips: ingressOf(object), pool }
}

/** A life: the world is made, a controller lives until its end, a second one takes over. */
async function live(kill: Kill | undefined) {
  const cluster = new FakeCluster()
  const clock = new FakeClock()
  await populate(cluster)
  const first = start(cluster, clock, 'first', kill)
  const steps = [() => Promise.resolve(), ...CHANGES]
  let second: ReturnType<typeof start> | undefined
  for (const step of steps) {
    await step(cluster)
    await clock.advance(1000)
    if (!first.mortal.dead || second) continue
    const held = await seen(cluster)
    second = start(cluster, clock, 'second')
    await clock.advance(6000)
    const now = await seen(cluster)
    for (const [name, { uid, ips }] of held) {
      const { ips: after = [], uid: same } = now.get(name) ?? {}
      if (same === uid && ips.length > 0 && after.length > 0 && !moving(name))
        assert.deepEqual(after, ips, `${name} was moved`)
    }
  }
  second ??= start(cluster, clock, 'second')
  await clock.advance(10_000)
  // It may have died but now.
  if (first.mortal.dead) await clock.advance(10_000)
  return { cluster, first, second, end: await seen(cluster) }
}

/** These are told to change while nobody may be there. */
const moving = (name: string) => name === 'asks' || name === 'http'

async function check(cluster: FakeCluster, end: Map<string, Seen>): Promise<void> {
  const families = (name: string) =>
    (end.get(name)?.ips ?? []).map((ip) => (ip.includes(':') ? 6 : 4)).join()
  assert.deepEqual([...end.keys()].sort(), ['asks', 'dual', 'http', 'https', 'late'])
  assert.equal(families('dual'), '4,6')
  assert.equal(families('late'), '4')
  assert.equal(families('https'), '4')
  assert.deepEqual(end.get('asks')?.ips, ['10.0.1.3'])
  assert.deepEqual(end.get('http')?.ips, [], 'no load balancer any more')
  const used = [...end.values()].flatMap(({ ips }) => ips)
  assert.equal(new Set(used).size, used.length, `an address twice: ${used.join(' ')}`)
  for (const [name, { ips, pool }] of end)
    assert.equal(
      pool,
      ips.length === 0 ? undefined : ips[0]?.startsWith('10.0.1.') ? 'b' : 'a',
      name,
    )
  const counts = await Promise.all(['a', 'b'].map((name) => assigned(cluster, name)))
  const of = (prefix: string) => used.filter((ip) => ip.startsWith(prefix)).length
  assert.deepEqual(counts, [of('10.0.0.'), of('10.0.1.')], 'what the pools say')
  assert.equal((await cluster.list(SECRETS, { namespace: NAMESPACE })).length, 1)
}

async function assigned(cluster: FakeCluster, name: string): Promise<number> {
  const object = await cluster.get(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name })
  return (object['status'] as { assignedIPv4: number }).assignedIPv4
}

test('controller/kill-anywhere: killed at any API call, before it or after it took effect, nothing is lost', async () => {
  const { cluster, first, end } = await live(undefined)
  await check(cluster, end)
  const calls = first.mortal.calls
  // Renewals of the Lease among them; the writes that matter are far fewer.
  assert.ok(calls > 20, `only ${calls} calls`)
  for (let call = 1; call <= calls; call++) {
    for (const when of ['before', 'after'] as const) {
      try {
        const life = await live({ call, when })
        assert.ok(life.first.mortal.dead, 'it was not killed')
        await check(life.cluster, life.end)
        const lease = await life.cluster.get(LEASES, { namespace: NAMESPACE, name: LEASE_NAME })
        assert.equal((lease['spec'] as { holderIdentity: string }).holderIdentity, 'second')
      } catch (error) {
        throw new Error(`killed ${when} call ${call}: ${String(error)}`, { cause: error })
      }
    }
  }
  await settle()
})
