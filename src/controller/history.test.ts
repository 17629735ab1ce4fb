/** Random histories of a whole controller, killed and started again in the midst of its writes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mayShare } from '../../test/fakes/allocation-oracle.ts'
import { FakeController, ingressOf } from '../../test/fakes/controller.ts'
import { settle } from '../../test/fakes/clock.ts'
import { parseConfig } from '../core/config/parse-config.ts'
import { parseService } from '../core/config/service.ts'
import { parseIp } from '../core/net/ip.ts'
import { rangeContains } from '../core/net/range.ts'
import { ApiError } from '../ports/cluster.ts'
import { IP_ADDRESS_POOLS, SERVICES } from '../ports/resources.ts'

const NAMES = ['a', 'b', 'c', 'e', 'f']
const POOLS = {
  one: { addresses: ['10.0.0.0/31'] },
  two: { addresses: ['10.0.1.0/31', 'fd00::/127'] },
  bad: { addresses: ['10.0.1.0/24'] },
} as const

const DUAL = { clusterIPs: ['10.96.0.7', 'fd00:96::7'], ipFamilies: ['IPv4', 'IPv6'] }
const specs = fc.constantFrom<object>(
  {},
  {},
  { loadBalancerIP: '10.0.1.1' },
  { type: 'ClusterIP' },
  { loadBalancerClass: 'example.com/other' },
  { ...DUAL, ipFamilyPolicy: 'PreferDualStack' },
  { ...DUAL, ipFamilyPolicy: 'RequireDualStack' },
  { ports: [{ port: 443 }] },
)
const annotations = fc.constantFrom<Record<string, string>>(
  {},
  { 'metallb.io/allow-shared-ip': 'k' },
  { 'metallb.io/address-pool': 'two' },
)

type Step = (it: FakeController) => Promise<void> | void
const shown = (text: string, step: Step): Step =>
  Object.assign(step, { [fc.toStringMethod]: () => text })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...NAMES), specs, annotations)
      .map(([name, spec, notes]) =>
        shown(`${name} ${JSON.stringify({ ...spec, ...notes })}`, (it) =>
          it.service(name, spec, { annotations: notes }),
        ),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...NAMES)
      .map((name) => shown(`delete ${name}`, (it) => it.deleteService(name))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom<keyof typeof POOLS>('one', 'two', 'bad'), fc.boolean())
      .map(([name, there]) =>
        shown(`pool ${name} ${there}`, (it) =>
          there ? it.pool(name, POOLS[name]) : it.deletePool(name),
        ),
      ),
  },
  { weight: 3, arbitrary: fc.constant(shown('turn', () => settle())) },
  {
    weight: 2,
    arbitrary: fc.nat(3).map((turns) =>
      shown(`killed with ${turns} failures`, async (it) => {
        for (let i = 0; i < turns; i++) it.cluster.failures.push(new ApiError(500, '', 'ill'))
        await settle()
        it.cluster.failures.length = 0
        it.kill()
        it.start()
      }),
    ),
  },
)

async function check(it: FakeController): Promise<void> {
  const pools = await it.cluster.list(IP_ADDRESS_POOLS, {})
  const parsed = parseConfig({ pools, l2Advertisements: [] })
  const services = await it.cluster.list(SERVICES, {})
  const ours = services.flatMap((object) => {
    const service = parseService(object)
    return service?.type === 'LoadBalancer' && !service.loadBalancerClass
      ? [{ object, service }]
      : []
  })
  for (const { object, service } of ours) {
    const pool = object.metadata.annotations?.['metallb.io/ip-allocated-from-pool']
    assert.equal(pool !== undefined, service.ingress.length > 0, `${service.key}: ${pool}`)
    for (const other of ours) {
      if (other.service.key <= service.key) continue
      const common = service.ingress.filter((ip) => other.service.ingress.includes(ip))
      assert.ok(common.length === 0 || mayShare(service, other.service), common.join())
    }
    if (!parsed.ok) continue
    for (const text of service.ingress) {
      const ip = parseIp(text)
      const ranges = parsed.config.pools.get(pool ?? '')?.ranges ?? []
      assert.ok(ip && ranges.some((range) => rangeContains(range, ip)), `${text} is not of ${pool}`)
    }
  }
  for (const object of services) {
    const type = (object['spec'] as { type: string }).type
    if (type !== 'LoadBalancer') assert.deepEqual(ingressOf(object), [])
  }
}

test('controller/history: killed between any two writes it ends lawfully, writes no more than needed, and moves nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
      const it = new FakeController()
      await it.pool('one', POOLS.one)
      await it.pool('two', POOLS.two)
      it.start()
      for (const act of steps) await act(it)
      await it.quiet()
      // With invalid pools none may have been valid yet since the last start: nothing is judged then.
      const pools = await it.cluster.list(IP_ADDRESS_POOLS, {})
      if (!parseConfig({ pools, l2Advertisements: [] }).ok) return it.kill()
      await check(it)
      const [before, writes] = [await it.addresses(), it.writes]
      it.kill()
      it.start()
      await it.quiet()
      assert.deepEqual(await it.addresses(), before)
      assert.equal(it.writes, writes, 'a restart writes nothing')
      it.kill()
    }),
    { numRuns: 80 },
  )
})

test('controller/history: the order in which objects arrive does not matter', async () => {
  const service = fc.tuple(fc.constantFrom(...NAMES, 'g', 'h'), specs, annotations)
  await fc.assert(
    fc.asyncProperty(
      fc
        .uniqueArray(service, { selector: ([name]) => name, minLength: 2, maxLength: 7 })
        .chain((services) =>
          fc.tuple(
            fc.constant(services),
            fc.shuffledSubarray(services, { minLength: services.length }),
          ),
        ),
      fc.boolean(),
      async ([services, shuffled], poolsLast) => {
        const outcomes = []
        for (const order of [services, shuffled]) {
          const it = new FakeController()
          const pools = async () => {
            for (const name of ['one', 'two'] as const) await it.pool(name, POOLS[name])
          }
          if (!poolsLast) await pools()
          for (const [name, spec, notes] of order)
            await it.service(name, spec, { annotations: notes })
          if (poolsLast) await pools()
          it.start()
          await it.quiet()
          outcomes.push(await it.addresses())
          it.kill()
        }
        assert.deepEqual(outcomes[1], outcomes[0])
      },
    ),
    { numRuns: 100 },
  )
})
