/**
 * Random histories of Services, pools and restarts, checked after every step against what must always
 * hold. The rules are stated here anew, naively, and not taken from the allocator.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pool, Service } from '../config/model.ts'
import { parseConfig } from '../config/parse-config.ts'
import { formatIp, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { rangeContains } from '../net/range.ts'
import { Allocator } from './allocator.ts'
import { converge } from './converge.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']
const CLUSTER_IPS = { 4: '10.96.0.7', 6: 'fd00:96::7' } as const
/** Small, so that they fill up; any subset of them may exist at a time. */
const POOLS = {
  one: ['10.0.0.0/31'],
  two: ['10.0.1.0-10.0.1.2', 'fd00::/127'],
  six: ['fd00:6::/127'],
} as const

type Step =
  | { readonly kind: 'service'; readonly name: string; readonly spec: Partial<Service> }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'pools'; readonly names: readonly (keyof typeof POOLS)[] }
  | { readonly kind: 'restart' }

const ip = (text: string): Ip => {
  const parsed = parseIp(text)
  assert.ok(parsed)
  return parsed
}

const families = fc.constantFrom<Partial<Service>>(
  { clusterIPs: [ip(CLUSTER_IPS[4])], ipFamilies: [4] },
  { clusterIPs: [ip(CLUSTER_IPS[6])], ipFamilies: [6] },
  {
    clusterIPs: [ip(CLUSTER_IPS[4]), ip(CLUSTER_IPS[6])],
    ipFamilies: [4, 6],
    ipFamilyPolicy: 'PreferDualStack',
  },
  {
    clusterIPs: [ip(CLUSTER_IPS[4]), ip(CLUSTER_IPS[6])],
    ipFamilies: [4, 6],
    ipFamilyPolicy: 'RequireDualStack',
  },
)
const wishes = fc.constantFrom<Partial<Service>>(
  {},
  {},
  { loadBalancerIP: '10.0.1.1' },
  { annotations: { 'metallb.io/address-pool': 'two' } },
  { annotations: { 'metallb.io/allow-shared-ip': 'k' } },
  { annotations: { 'metallb.io/allow-shared-ip': 'k' }, loadBalancerIP: '10.0.0.1' },
)
const ports = fc.constantFrom(80, 443).map((port) => ({ ports: [{ protocol: 'TCP', port }] }))

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...NAMES), families, wishes, ports).map(
      ([name, ...parts]) =>
        ({
          kind: 'service',
          name,
          spec: Object.assign({}, ...parts),
        }) as const,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...NAMES).map((name) => ({ kind: 'delete', name }) as const),
  },
  {
    weight: 1,
    arbitrary: fc
      .subarray(['one', 'two', 'six'] as const, { minLength: 1 })
      .map((names) => ({ kind: 'pools', names }) as const),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' } as const) },
)

function poolsOf(names: readonly (keyof typeof POOLS)[]): ReadonlyMap<string, Pool> {
  const objects = names.map((name) => ({ metadata: { name }, spec: { addresses: POOLS[name] } }))
  const parsed = parseConfig({ pools: objects, l2Advertisements: [] })
  assert.ok(parsed.ok)
  return parsed.config.pools
}

/** The cluster around the allocator: what the API server remembers. */
class World {
  readonly services = new Map<string, Service>()
  pools = poolsOf(['one', 'two'])
  #allocator = new Allocator()
  #uid = 0

  constructor() {
    this.#allocator.setPools(this.pools)
  }

  apply(it: Step): void {
    switch (it.kind) {
      case 'service':
        this.services.set(it.name, this.#service(it.name, it.spec))
        return this.#converge(it.name)
      case 'delete':
        this.services.delete(it.name)
        this.#allocator.release(`d/${it.name}`)
        return this.#convergeAll()
      case 'pools':
        this.pools = poolsOf(it.names)
        this.#allocator.setPools(this.pools)
        return this.#convergeAll()
      case 'restart':
        this.#allocator = new Allocator()
        this.#allocator.setPools(this.pools)
        // Who has an address holds it again before anybody is given one.
        for (const service of this.services.values()) {
          const ips = service.ingress.map(ip)
          if (ips.length > 0) this.#allocator.hold(service, ips, {})
        }
        return this.#convergeAll()
    }
  }

  usage(): ReturnType<Allocator['usage']> {
    return this.#allocator.usage()
  }

  #service(name: string, spec: Partial<Service>): Service {
    const known = this.services.get(name)
    return {
      key: `d/${name}`,
      namespace: 'd',
      name,
      uid: known?.uid ?? `${name}${this.#uid++}`,
      labels: {},
      annotations: {},
      type: 'LoadBalancer',
      clusterIPs: [],
      ipFamilies: [],
      ipFamilyPolicy: 'SingleStack',
      externalTrafficPolicy: 'Cluster',
      selector: {},
      ports: [],
      ingress: known?.ingress ?? [],
      ...spec,
    }
  }

  /** As the controller does: whoever waits is tried again until nothing more comes free. */
  #convergeAll(): void {
    for (let freed = true; freed;) {
      freed = false
      for (const name of this.services.keys()) freed = this.#convergeOne(name) || freed
    }
  }

  #converge(name: string): void {
    if (this.#convergeOne(name)) this.#convergeAll()
  }

  #convergeOne(name: string): boolean {
    const service = this.services.get(name)
    assert.ok(service)
    const outcome = converge(this.#allocator, service, {})
    this.services.set(name, { ...service, ingress: outcome.ips })
    return outcome.freed
  }
}

const sharingKey = (service: Service) => service.annotations['metallb.io/allow-shared-ip']

function check(world: World): void {
  const all = [...world.services.values()]
  for (const service of all) {
    const ips = service.ingress.map(ip)
    const pools = [...world.pools.values()].filter((pool) =>
      ips.every((it) => pool.ranges.some((range) => rangeContains(range, it))),
    )
    assert.ok(pools.length > 0, `${service.key}: ${service.ingress.join()} is in no pool`)
    const own = new Set(service.clusterIPs.map(({ family }) => family))
    assert.ok(
      ips.every(({ family }) => own.has(family)),
      `${service.key}: a family it has not`,
    )
    assert.equal(new Set(ips.map(({ family }) => family)).size, ips.length)
    for (const other of all) {
      if (other.key <= service.key) continue
      const common = service.ingress.filter((text) => other.ingress.includes(text))
      if (common.length === 0) continue
      const key = sharingKey(service)
      const lawful = key !== undefined && key === sharingKey(other)
      const clash = service.ports[0]?.port === other.ports[0]?.port
      assert.ok(lawful && !clash, `${common.join()} at ${service.key} and ${other.key}`)
    }
  }
  const distinct = new Set(all.flatMap(({ ingress }) => ingress))
  const counted = [...world.usage().values()].reduce(
    (sum, { assigned }) => sum + assigned[4] + assigned[6],
    0,
  )
  assert.equal(counted, distinct.size, 'usage counts each address once')
}

test('pool/model: no address twice but by lawful sharing, none out of its pools, none miscounted', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (history) => {
      const world = new World()
      for (const it of history) {
        world.apply(it)
        check(world)
      }
    }),
    { numRuns: 400 },
  )
})

test('pool/model: a restart loses nothing and moves nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (history) => {
      const world = new World()
      for (const it of history) world.apply(it)
      const before = [...world.services.values()].map(({ key, ingress }) => [key, ...ingress])
      world.apply({ kind: 'restart' })
      const after = [...world.services.values()].map(({ key, ingress }) => [key, ...ingress])
      assert.deepEqual(after, before)
    }),
    { numRuns: 400 },
  )
})

test('pool/model: another Service coming or going moves none that has what it wants', () => {
  const other = fc.oneof(
    fc.constant<Step>({ kind: 'delete', name: 'x' }),
    fc
      .tuple(families, ports)
      .map<Step>(([a, b]) => ({ kind: 'service', name: 'x', spec: { ...a, ...b } })),
  )
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(other, { maxLength: 6 }),
      (history, others) => {
        const world = new World()
        for (const it of history) world.apply(it)
        const before = [...world.services.values()].filter(
          ({ ingress, clusterIPs }) => ingress.length === clusterIPs.length,
        )
        for (const it of others) world.apply(it)
        for (const { name, ingress } of before) {
          assert.deepEqual(
            world.services.get(name)?.ingress.map((it) => formatIp(ip(it))),
            ingress,
          )
        }
      },
    ),
  )
})
