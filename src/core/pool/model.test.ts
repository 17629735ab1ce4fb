/**
 * Random histories of Services, pools, namespaces, time and restarts. After every step what each Service
 * has is compared with what a naive allocator would have given it, and with what must always hold.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { expectedIps, mayShare } from '../../../test/fakes/allocation-oracle.ts'
import type { Situation } from '../../../test/fakes/allocation-oracle.ts'
import { ip, service as serviceOf } from '../../../test/fakes/services.ts'
import { poolOptions } from '../config/pool-annotations.ts'
import type { Pool, Service } from '../config/model.ts'
import { parseConfig } from '../config/parse-config.ts'
import type { Labels } from '../config/selector.ts'
import { formatIp } from '../net/ip.ts'
import { Allocator } from './allocator.ts'
import { converge } from './converge.ts'

const KEYS = ['d/a', 'd/b', 'd/c', 'e/a', 'e/b', 'e/c']
const KEEP_MS = 100

/** Small, so that they fill up. Those that overlap never exist together. */
const POOLS = {
  one: { addresses: ['10.0.0.0/31'] },
  uno: { addresses: ['10.0.0.0/31'] },
  two: { addresses: ['10.0.1.0-10.0.1.2', 'fd00::/127'] },
  less: { addresses: ['10.0.1.0', 'fd00::1'].map((text) => `${text}-${text}`) },
  six: { addresses: ['fd00:6::/127'] },
  buggy: {
    addresses: ['10.0.2.254-10.0.3.1', 'fd00:2::/127'],
    avoidBuggyIPs: true,
    serviceAllocation: { priority: 5, namespaces: ['e'] },
  },
  chosen: {
    addresses: ['10.0.4.8/30', 'fd00:4::/127'],
    serviceAllocation: {
      priority: 1,
      namespaceSelectors: [{ matchLabels: { team: 'y' } }],
      serviceSelectors: [{ matchLabels: { tier: 'x' } }],
    },
  },
  manual: { addresses: ['10.0.5.0/31', 'fd00:5::/127'], autoAssign: false },
} as const
type Name = keyof typeof POOLS
const RESERVED = '10.0.4.9,fd00:4::,10.0.1.0'

type Step =
  | { readonly kind: 'service'; readonly key: string; readonly spec: Partial<Service> }
  /** Only what it shares by is changed. */
  | { readonly kind: 'tweak'; readonly key: string; readonly spec: Partial<Service> }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'pools'; readonly names: readonly Name[]; readonly keep: boolean }
  | { readonly kind: 'namespace'; readonly labels: Labels }
  | { readonly kind: 'time' }
  | { readonly kind: 'restart' }

const FOUR = ip('10.96.0.7')
const SIX = ip('fd00:96::7')
const families = fc.constantFrom<Partial<Service>>(
  { clusterIPs: [FOUR], ipFamilies: [4] },
  { clusterIPs: [SIX], ipFamilies: [6] },
  { clusterIPs: [FOUR, SIX], ipFamilies: [4, 6], ipFamilyPolicy: 'PreferDualStack' },
  { clusterIPs: [SIX, FOUR], ipFamilies: [6, 4], ipFamilyPolicy: 'PreferDualStack' },
  { clusterIPs: [FOUR, SIX], ipFamilies: [4, 6], ipFamilyPolicy: 'RequireDualStack' },
  { clusterIPs: [FOUR], ipFamilies: [4], ipFamilyPolicy: 'RequireDualStack' },
  { clusterIPs: [FOUR], ipFamilies: [4], type: 'ClusterIP' },
)
const annotated = (annotations: Labels): Partial<Service> => ({ annotations })
const shared = { 'metallb.io/allow-shared-ip': 'k' }
const wishes = fc.constantFrom<Partial<Service>>(
  {},
  {},
  { labels: { tier: 'x' } },
  { loadBalancerIP: '10.0.1.0' },
  annotated({ 'metallb.io/loadBalancerIPs': '10.0.4.9' }),
  annotated({ 'metallb.universe.tf/loadBalancerIPs': 'fd00::1,10.0.1.0' }),
  annotated({ 'metallb.io/address-pool': 'two' }),
  annotated({ 'metallb.io/address-pool': 'manual' }),
  annotated(shared),
  annotated({ 'metallb.io/allow-shared-ip': 'other' }),
  { ...annotated(shared), externalTrafficPolicy: 'Local', selector: { app: 'x' } },
  { ...annotated(shared), loadBalancerIP: '10.0.0.1' },
)
const ports = fc.constantFrom(80, 443).map((port) => ({ ports: [{ protocol: 'TCP', port }] }))
const keys = fc.constantFrom(...KEYS)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(keys, families, wishes, ports).map(([key, ...parts]) => ({
      kind: 'service' as const,
      key,
      spec: Object.assign({}, ...parts),
    })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(keys, fc.oneof(ports, fc.constantFrom(annotated({}), annotated(shared))))
      .map(([key, spec]) => ({ kind: 'tweak' as const, key, spec })),
  },
  { weight: 4, arbitrary: keys.map((key) => ({ kind: 'delete' as const, key })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom<Name>('one', 'uno'),
        fc.constantFrom<Name>('two', 'less'),
        fc.subarray<Name>(['six', 'buggy', 'chosen', 'manual']),
        fc.integer({ min: 0, max: 2 }),
        fc.boolean(),
      )
      .map(([one, two, others, drop, keep]) => ({
        kind: 'pools' as const,
        names: [one, two, ...others].slice(drop),
        keep,
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Labels>({}, { team: 'y' })
      .map((labels) => ({ kind: 'namespace' as const, labels })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'time' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
)

/** Long ones: pools fill up, and what is kept comes to its end. */
const history = (maxLength: number) => fc.array(step, { maxLength, size: 'max' })

function poolsOf(names: readonly Name[]): ReadonlyMap<string, Pool> {
  const objects = names.map((name) => ({ metadata: { name }, spec: POOLS[name] }))
  const parsed = parseConfig({ pools: objects, l2Advertisements: [] })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.config.pools
}

/** The cluster around the allocator: what the API server remembers. */
class World {
  readonly services = new Map<string, Service>()
  readonly kept = new Map<string, { readonly service: Service; readonly until: number }>()
  pools = poolsOf(['one', 'two', 'chosen'])
  #labels: Labels = {}
  #keep = false
  #now = 0
  #allocator = new Allocator()

  constructor() {
    this.#tellPools()
  }

  apply(it: Step): void {
    const before = new Map(this.services)
    this.#change(it)
    for (const service of this.services.values()) {
      const expected = this.#expected(service)
      assert.deepEqual(service.ingress, expected, `${service.key} could have what it waits for`)
      if (it.kind === 'pools' || it.kind === 'namespace') continue
      if ('key' in it && it.key === service.key) continue
      const had = before.get(service.key)?.ingress ?? []
      if (had.length < service.clusterIPs.length) continue
      assert.deepEqual(service.ingress, had, `${service.key} was moved without cause`)
    }
  }

  #change(it: Step): void {
    switch (it.kind) {
      case 'service':
        this.services.set(it.key, this.#service(it.key, it.spec))
        return this.#convergeFrom([it.key])
      case 'tweak': {
        const known = this.services.get(it.key)
        if (!known) return
        this.services.set(it.key, { ...known, ...it.spec })
        return this.#convergeFrom([it.key])
      }
      case 'delete': {
        const service = this.services.get(it.key)
        this.services.delete(it.key)
        this.#allocator.keeper.depart(it.key, this.#now)
        if (service && this.#keep && service.ingress.length > 0) {
          this.kept.set(it.key, { service, until: this.#now + KEEP_MS })
        }
        return this.#convergeFrom(this.services.keys())
      }
      case 'pools':
        this.pools = poolsOf(it.names)
        this.#keep = it.keep
        this.#tellPools()
        this.#forgetLostKept()
        return this.#convergeFrom(this.services.keys())
      case 'namespace':
        this.#labels = it.labels
        return this.#convergeFrom(this.services.keys())
      case 'time':
        this.#now += 0.7 * KEEP_MS
        this.#allocator.keeper.expire(this.#now)
        for (const [key, { until }] of this.kept) if (until <= this.#now) this.kept.delete(key)
        return this.#convergeFrom(this.services.keys())
      case 'restart':
        this.#restart()
        return this.#convergeFrom(this.services.keys())
    }
  }

  usage(): ReturnType<Allocator['usage']> {
    return this.#allocator.usage()
  }

  #tellPools(): void {
    const reserved = new Map(
      [...this.pools].map(([name, { ranges }]) => {
        const annotations = { 'bellwether.io/reserved-addresses': RESERVED }
        return [name, poolOptions(name, annotations, ranges).options.reserved]
      }),
    )
    this.#allocator.setPools(this.pools, reserved)
    const keepMs = [...this.pools.keys()].map((name) => [name, KEEP_MS] as const)
    this.#allocator.keeper.setTimes(new Map(this.#keep ? keepMs : []))
  }

  /** Who has an address holds it again before anybody is given one; then what was kept. */
  #restart(): void {
    const { keeper } = this.#allocator
    const written = [...this.pools.keys()].flatMap((pool) => keeper.list(pool))
    this.#allocator = new Allocator()
    this.#tellPools()
    for (const service of this.services.values()) {
      const ips = service.ingress.map(ip)
      if (ips.length > 0) this.#allocator.hold(service, ips, this.#labels)
    }
    for (const { keptUntil, ...holding } of written) {
      this.#allocator.keeper.recall(holding, this.#now, keptUntil)
    }
  }

  /** What is kept by a pool that is no more, or keeps no more, is free. */
  #forgetLostKept(): void {
    for (const [key, { service }] of this.kept) {
      const inOne = [...this.pools.values()].some((pool) =>
        service.ingress.every((text) =>
          pool.ranges.some(({ family, first, last }) => {
            const { family: its, value } = ip(text)
            return its === family && value >= first && value <= last
          }),
        ),
      )
      if (!inOne || !this.#keep) this.kept.delete(key)
    }
  }

  #service(key: string, spec: Partial<Service>): Service {
    const known = this.services.get(key)
    const [namespace = '', name = ''] = key.split('/')
    return {
      ...serviceOf(name),
      key,
      namespace,
      ingress: known?.ingress ?? [],
      ...spec,
    }
  }

  /** As the controller does: when something came free all are tried again. */
  #convergeFrom(keys: Iterable<string>): void {
    for (let next = [...keys]; next.length > 0;) {
      const freed = next.map((key) => this.#convergeOne(key)).includes(true)
      next = freed ? [...this.services.keys()] : []
    }
  }

  #convergeOne(key: string): boolean {
    const service = this.services.get(key)
    assert.ok(service)
    const expected = this.#expected(service)
    const outcome = converge(this.#allocator, service, this.#labels)
    assert.deepEqual(outcome.ips, expected, `${key}: ${JSON.stringify(outcome.notices)}`)
    this.services.set(key, { ...service, ingress: outcome.ips })
    this.kept.delete(key)
    return outcome.freed
  }

  #expected(service: Service): readonly string[] {
    const others = [...this.services.values()].filter(({ key }) => key !== service.key)
    const departed = [...this.kept.values()].flatMap((entry) =>
      entry.service.key === service.key ? [] : [entry.service],
    )
    const situation: Situation = {
      pools: [...this.pools.values()],
      reserved: new Set(RESERVED.split(',')),
      holders: [...others, ...departed].map((it) => ({ service: it, ips: it.ingress })),
      namespaceLabels: this.#labels,
    }
    const kept = this.kept.get(service.key)?.service.ingress ?? []
    const own = service.ingress.length > 0 ? service.ingress : kept
    return expectedIps(situation, service, own)
  }
}

function check(world: World): void {
  const all = [...world.services.values()]
  for (const service of all) {
    for (const other of all) {
      if (other.key <= service.key) continue
      const common = service.ingress.filter((text) => other.ingress.includes(text))
      const lawful = common.length === 0 || mayShare(service, other)
      assert.ok(lawful, `${common.join()} at ${service.key} and ${other.key}`)
    }
  }
  const distinct = new Set(all.flatMap(({ ingress }) => ingress))
  const kept = new Set(
    [...world.kept.values()].flatMap(({ service: { ingress } }) => ingress),
  ).difference(distinct)
  let counted: readonly [number, number] = [0, 0]
  for (const usage of world.usage().values()) {
    for (const family of [4, 6] as const) {
      counted = [counted[0] + usage.assigned[family], counted[1] + usage.kept[family]]
      const left = usage.total[family] - usage.available[family]
      assert.ok(left >= BigInt(usage.assigned[family] + usage.kept[family]))
    }
  }
  assert.deepEqual(counted, [distinct.size, kept.size], 'each address is counted once')
}

test('pool/model: every Service has what a naive allocator would give it; no address twice but by lawful sharing', () => {
  fc.assert(
    fc.property(history(40), (steps) => {
      const world = new World()
      for (const it of steps) {
        world.apply(it)
        check(world)
      }
    }),
    { numRuns: 200 },
  )
})

test('pool/model: a restart loses nothing and moves nothing', () => {
  fc.assert(
    fc.property(history(40), (steps) => {
      const world = new World()
      for (const it of steps) world.apply(it)
      const state = () => [...world.services.values()].map(({ key, ingress }) => [key, ...ingress])
      const before = state()
      const kept = [...world.kept.keys()]
      world.apply({ kind: 'restart' })
      assert.deepEqual(state(), before)
      assert.deepEqual([...world.kept.keys()], kept)
    }),
    { numRuns: 60 },
  )
})

test('pool/model: who is made again within the time gets back what it had', () => {
  fc.assert(
    fc.property(history(30), keys, (steps, key) => {
      const world = new World()
      world.apply({ kind: 'pools', names: ['one', 'two', 'chosen'], keep: true })
      for (const it of steps.filter(({ kind }) => kind !== 'pools')) world.apply(it)
      const service = world.services.get(key)
      if (!service || service.ingress.length === 0) return
      world.apply({ kind: 'delete', key })
      world.apply({ kind: 'service', key: 'd/x', spec: { clusterIPs: [FOUR], ipFamilies: [4] } })
      world.apply({ kind: 'restart' })
      const { ingress, ...spec } = service
      world.apply({ kind: 'service', key, spec })
      assert.deepEqual(
        world.services.get(key)?.ingress.map((it) => formatIp(ip(it))),
        ingress,
      )
    }),
    { numRuns: 60 },
  )
})
