import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Config, Endpoint, L2Advertisement, Node, Service } from '../config/model.ts'
import { parseRange } from '../net/range.ts'
import type { Range } from '../net/range.ts'
import { EXCLUDE_LABEL, elect } from './candidacy.ts'
import type { Candidacy, ElectionInput } from './candidacy.ts'
import { electionHash, electionOrder } from './order.ts'
import { announcedBy, owners, whyOwner } from './owners.ts'
import type { Electorate } from './owners.ts'

const range = (text: string): Range => {
  const parsed = parseRange(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

const advertisement = (over: Partial<L2Advertisement> = {}): L2Advertisement => ({
  name: 'ad',
  pools: ['pool'],
  nodeSelectors: [],
  interfaces: [],
  serviceSelectors: [],
  preferredNodeSelectors: [],
  ...over,
})

const config = (...l2Advertisements: L2Advertisement[]): Config => ({
  pools: new Map([
    [
      'pool',
      {
        name: 'pool',
        labels: {},
        ranges: [range('172.18.0.0/24'), range('fd00:18::/120')],
        autoAssign: true,
        avoidBuggyIPs: false,
      },
    ],
  ]),
  l2Advertisements,
})

const node = (name: string, over: Partial<Node> = {}): Node => ({
  name,
  labels: { 'kubernetes.io/hostname': name },
  networkUnavailable: false,
  ...over,
})

const service = (over: Partial<Service> = {}): Service => ({
  key: 'default/nginx',
  namespace: 'default',
  name: 'nginx',
  labels: { app: 'nginx' },
  annotations: {},
  type: 'LoadBalancer',
  clusterIPs: [],
  ipFamilies: [4],
  ipFamilyPolicy: 'SingleStack',
  externalTrafficPolicy: 'Cluster',
  selector: {},
  ports: [],
  ingress: ['172.18.0.10'],
  ...over,
})

const on = (nodeName: string, serving = true): Endpoint => ({ nodeName, serving })

const input = (over: Partial<ElectionInput> = {}): ElectionInput => ({
  service: service(),
  endpoints: [on('w1')],
  config: config(advertisement()),
  nodes: [node('w1'), node('w2'), node('w3')],
  self: 'w1',
  ignoreExcludeLabel: false,
  shared: false,
  ...over,
})

const byHash = (ip: string, ...names: string[]): string[] =>
  names.toSorted((a, b) => {
    const hash = (name: string) => createHash('sha256').update(`${name}#${ip}`).digest()
    return Buffer.compare(hash(a), hash(b))
  })

const all = byHash('172.18.0.10', 'w1', 'w2', 'w3')
const select = (name: string) => ({ matchLabels: { 'kubernetes.io/hostname': name } })
const excluded = { labels: { [EXCLUDE_LABEL]: '' } }

for (const [what, over, expected] of [
  ['all nodes by hash', {}, all],
  [
    'minus one whose network is unavailable',
    { nodes: [node('w1'), node('w2', { networkUnavailable: true })] },
    ['w1'],
  ],
  ['minus one excluded from load balancers', { nodes: [node('w1'), node('w2', excluded)] }, ['w1']],
  [
    'with an excluded one where the label is to be ignored',
    { nodes: [node('w2', excluded)], ignoreExcludeLabel: true },
    ['w2'],
  ],
  [
    'only those the advertisement selects',
    { config: config(advertisement({ nodeSelectors: [select('w2')] })) },
    ['w2'],
  ],
  [
    'those that any of two advertisements selects',
    {
      config: config(
        advertisement({ nodeSelectors: [select('w2')] }),
        advertisement({ nodeSelectors: [select('w3')] }),
      ),
    },
    byHash('172.18.0.10', 'w2', 'w3'),
  ],
  [
    'the preferred one first',
    {
      config: config(
        advertisement({
          preferredNodeSelectors: [{ weight: 1, preference: select(all[2] ?? '') }],
        }),
      ),
    },
    [all[2], all[0], all[1]],
  ],
  [
    'by the sum of weights over advertisements',
    {
      config: config(
        advertisement({
          preferredNodeSelectors: [{ weight: 50, preference: select(all[1] ?? '') }],
        }),
        advertisement({
          preferredNodeSelectors: [
            { weight: 30, preference: select(all[2] ?? '') },
            { weight: 30, preference: select(all[2] ?? '') },
          ],
        }),
      ),
    },
    [all[2], all[1], all[0]],
  ],
  [
    'only nodes with an endpoint where the traffic policy is Local',
    {
      service: service({ externalTrafficPolicy: 'Local' }),
      endpoints: [on('w3'), on('w2', false)],
    },
    ['w3'],
  ],
] as const) {
  test(`election/candidacy: the order is ${what}`, () => {
    const { candidacies, refusal } = elect(input(over))
    assert.equal(refusal, undefined)
    assert.deepEqual(candidacies[0]?.order, expected)
  })
}

test('election/candidacy: where no node may, each is told why', () => {
  const { unfit } = elect(
    input({
      service: service({ externalTrafficPolicy: 'Local' }),
      endpoints: [on('w4'), on('w1', false)],
      nodes: [
        node('w1'),
        node('w2', excluded),
        node('w3', { networkUnavailable: true }),
        node('w4', { labels: {} }),
      ],
      config: config(
        advertisement({ nodeSelectors: ['w1', 'w2', 'w3'].map((name) => select(name)) }),
        advertisement({ nodeSelectors: [{ matchLabels: { [EXCLUDE_LABEL]: '' } }] }),
      ),
    }),
  )
  assert.deepEqual(unfit, {
    w1: 'noLocalEndpoints',
    w2: 'nodeLabeledExcludeBalancers',
    w3: 'nodeNetworkUnavailable',
    w4: 'nodeNotSelected',
  })
})

for (const [what, over, expected] of [
  ['all candidates, by hash', {}, all],
  ['also nodes without an endpoint, which come and go', { endpoints: [] }, all],
  [
    'also those without a local one',
    { service: service({ externalTrafficPolicy: 'Local' }), endpoints: [on('w3')] },
    all,
  ],
  [
    'also those whose network is not there for a while',
    { nodes: [node('w1'), node('w2', { networkUnavailable: true }), node('w3')] },
    all,
  ],
  [
    'those that are preferred most',
    {
      config: config(
        advertisement({ preferredNodeSelectors: [{ weight: 1, preference: select('w2') }] }),
      ),
    },
    ['w2'],
  ],
  ['without those excluded', { nodes: [node('w1'), node('w2', excluded)] }, ['w1']],
  ['none where it is advertised by nobody', { config: config() }, []],
] as const) {
  test(`election/candidacy: seats are ${what}`, () => {
    assert.deepEqual(elect(input(over)).seats, expected)
  })
}

test('election/candidacy: interfaces are those of each node, where any are listed', () => {
  const { candidacies } = elect(
    input({
      config: config(
        advertisement({ interfaces: ['eth1'], nodeSelectors: [select('w1'), select('w2')] }),
        advertisement({ interfaces: ['eth2'], nodeSelectors: [select('w2')] }),
        advertisement({ nodeSelectors: [select('w3')] }),
      ),
    }),
  )
  assert.deepEqual(candidacies[0]?.uplinks, { w1: ['eth1'], w2: ['eth1', 'eth2'] })
  assert.equal(elect(input()).candidacies[0]?.uplinks, undefined)
})

for (const [what, over, reason] of [
  ['is no LoadBalancer', { service: service({ type: 'ClusterIP' }) }, 'notLoadBalancer'],
  ['has no address', { service: service({ ingress: [] }) }, 'noAddress'],
  ['has an address of no pool', { service: service({ ingress: ['10.0.0.1'] }) }, 'noPool'],
  ['is advertised by nobody', { config: config() }, 'noMatchingAdvertisement'],
  [
    'is not selected',
    { config: config(advertisement({ serviceSelectors: [{ matchLabels: { app: 'other' } }] })) },
    'noMatchingAdvertisement',
  ],
  [
    'shares its address under an advertisement with service selectors',
    {
      shared: true,
      config: config(advertisement({ serviceSelectors: [{ matchLabels: { app: 'nginx' } }] })),
    },
    'sharedIPWithServiceSelector',
  ],
  ['has no endpoint', { endpoints: [] }, 'noEndpoints'],
  ['has no serving endpoint', { endpoints: [on('w1', false)] }, 'noEndpoints'],
  ['has no eligible node', { nodes: [] }, 'noEligibleNode'],
  [
    'has Local endpoints on nodes that are not eligible',
    { service: service({ externalTrafficPolicy: 'Local' }), endpoints: [on('w9')] },
    'noEligibleNode',
  ],
] as const) {
  test(`election/candidacy: nobody announces a Service that ${what}`, () => {
    const { candidacies, refusal } = elect(input(over))
    assert.equal(refusal, reason)
    assert.deepEqual(candidacies, [])
  })
}

for (const [what, advertisements, expected] of [
  ['all without a list', [advertisement()], 'all'],
  ['the listed ones', [advertisement({ interfaces: ['eth1', 'eth0'] })], ['eth0', 'eth1']],
  [
    'all as soon as one advertisement has no list',
    [advertisement({ interfaces: ['eth1'] }), advertisement()],
    'all',
  ],
  [
    'without those of an advertisement for other nodes',
    [
      advertisement({ interfaces: ['eth1'] }),
      advertisement({ interfaces: ['eth2'], nodeSelectors: [select('w2')] }),
    ],
    ['eth1'],
  ],
] as const) {
  test(`election/candidacy: interfaces are ${what}`, () => {
    const { candidacies } = elect(input({ config: config(...advertisements) }))
    assert.deepEqual(candidacies[0]?.interfaces, expected)
  })
}

test('election/candidacy: both families of a Service land on one node, by the first address', () => {
  const dual = service({ ingress: ['172.18.0.10', 'fd00:18::10'] })
  const { candidacies } = elect(input({ service: dual }))
  assert.deepEqual(
    candidacies.map((candidacy) => candidacy.order),
    [all, all],
  )
})

test('election/order: the hash is sha256 of node#ip', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.ipV4(), (name, ip) => {
      const expected = createHash('sha256').update(`${name}#${ip}`).digest('hex')
      assert.equal(electionHash(name, ip), expected)
    }),
  )
})

const candidates = fc.uniqueArray(
  fc.record({ name: fc.string({ minLength: 1 }), weight: fc.integer({ min: 0, max: 3 }) }),
  { selector: ({ name }) => name, minLength: 2, maxLength: 12 },
)

test('election/order: the order of arrival does not matter', () => {
  fc.assert(
    fc.property(candidates, fc.ipV4(), (list, ip) => {
      assert.deepEqual(electionOrder(list.toReversed(), ip), electionOrder(list, ip))
    }),
  )
})

const electorate = (usable: Iterable<string>, settled?: Iterable<string>): Electorate => ({
  usable: new Set(usable),
  settled: settled && new Set(settled),
})

test('election/owners: a node that dies moves only what it owned', () => {
  const order = candidates.map((list) => ({
    service: 's',
    ip: '10.0.0.1',
    order: electionOrder(list, '10.0.0.1'),
    interfaces: 'all' as const,
  }))
  fc.assert(
    fc.property(order, fc.nat(11), (candidacy, index) => {
      const alive = new Set(candidacy.order)
      const [before] = owners([candidacy], electorate(alive))
      const dead = candidacy.order[index % candidacy.order.length] ?? ''
      alive.delete(dead)
      const [after] = owners([candidacy], electorate(alive))
      assert.equal(after?.owner, before?.owner === dead ? candidacy.order[1] : before?.owner)
    }),
  )
})

test('election/owners: without a candidate alive nobody owns it; with membership off the first does', () => {
  const candidacy = { service: 's', ip: '10.0.0.1', order: ['a', 'b'], interfaces: 'all' as const }
  assert.equal(owners([candidacy], electorate(['c']))[0]?.owner, undefined)
  assert.equal(owners([candidacy], undefined)[0]?.owner, 'a')
})

test('election/owners: an address shared by Services is announced once, on the interfaces of all', () => {
  const share = (service: string, interfaces: readonly string[] | 'all') => ({
    service,
    ip: '10.0.0.1',
    order: ['a'],
    interfaces,
  })
  const alive = electorate(['a'])
  const announced = (self: string, ...list: Candidacy[]) => [
    ...announcedBy(self, list, owners(list, alive)).values(),
  ]
  assert.deepEqual(announced('a', share('x', ['eth1']), share('y', ['eth0'])), [
    { ip: '10.0.0.1', interfaces: ['eth0', 'eth1'] },
  ])
  assert.deepEqual(announced('a', share('x', 'all'), share('y', ['eth0'])), [
    { ip: '10.0.0.1', interfaces: 'all' },
  ])
  assert.deepEqual(announced('b', share('x', 'all')), [])
})

for (const [what, order, usable, settled, owner, why] of [
  ['all settled', ['a', 'b'], ['a', 'b'], ['a', 'b'], 'a', 'first of 2 candidates'],
  ['one candidate', ['a'], ['a', 'b'], ['a', 'b'], 'a', 'the only candidate'],
  ['the first not settled', ['a', 'b'], ['a', 'b'], ['b'], 'b', 'next after a (not settled yet)'],
  ['the first gone', ['a', 'b', 'c'], ['b', 'c'], ['b', 'c'], 'b', 'next after a (gone)'],
  [
    'one gone, one not settled',
    ['a', 'b', 'c'],
    ['b', 'c'],
    ['c'],
    'c',
    'next after a (gone), b (not settled yet)',
  ],
  ['nobody settled', ['a', 'b'], ['a', 'b'], [], 'a', 'first of 2 candidates'],
  ['settled, but gone', ['a', 'b'], ['b'], ['a'], 'b', 'next after a (gone)'],
  ['a member that is not ours', ['a', 'b'], ['a', 'b'], undefined, 'a', 'first of 2 candidates'],
  ['all gone', ['a', 'b'], ['c'], ['c'], undefined, 'no candidate is alive: a (gone), b (gone)'],
  ['no candidates', [], ['c'], ['c'], undefined, 'no candidates'],
] as const) {
  test(`election/owners: ${what}: ${why}`, () => {
    const electors = electorate(usable, settled)
    const candidacy = { service: 's', ip: '10.0.0.1', order, interfaces: 'all' as const }
    assert.equal(owners([candidacy], electors)[0]?.owner, owner)
    assert.equal(
      whyOwner(candidacy, owner, electors, () => 'gone'),
      why,
    )
  })
}
