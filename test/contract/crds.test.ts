/** The definitions of all kinds, as a real API server takes them: no webhook, no controller. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { KINDS } from '../../src/core/config/kinds.ts'
import { parseRange } from '../../src/core/net/range.ts'
import { ApiError } from '../../src/ports/cluster.ts'
import type { Cluster, Resource } from '../../src/ports/cluster.ts'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'
import { MemoryLog } from './memory-log.ts'

const NAMESPACE = 'metallb-system'

let api: ApiServer
let cluster: Cluster
before(async () => {
  api = await ApiServer.start()
  await api.kubectl('create', 'namespace', NAMESPACE)
  for (const { plural } of KINDS) {
    const file = new URL(`../../crds/metallb.io_${plural}.yaml`, import.meta.url)
    await api.apply(readFileSync(file, 'utf8'))
  }
  cluster = api.connect(new MemoryLog())
  for (const { plural } of KINDS) {
    await until(`${plural} to be served`, () => api.kubectl('get', plural, '-n', NAMESPACE))
  }
})
after(() => api.stop())

const resourceOf = (name: string): Resource => {
  const kind = KINDS.find(({ kind }) => kind === name)
  assert.ok(kind, name)
  const { version, plural } = kind
  return { group: 'metallb.io', version, kind: name, plural, namespaced: true }
}

const create = (kind: string, spec: object) =>
  cluster.create(resourceOf(kind), {
    apiVersion: `metallb.io/${resourceOf(kind).version}`,
    kind,
    metadata: { generateName: 'x-', namespace: NAMESPACE },
    spec,
  })

async function refusal(kind: string, spec: object): Promise<string> {
  const made = await create(kind, spec).catch((error: unknown) => {
    assert.ok(error instanceof ApiError && error.status === 422, String(error))
    return error.message
  })
  return typeof made === 'string' ? made : ''
}

const selector = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }
const peer = { myASN: 64500, peerASN: 64501, peerAddress: '10.9.0.1' }

for (const [kind, spec] of [
  [
    'IPAddressPool',
    {
      addresses: ['10.0.0.0/24', '10.0.1.9 - 10.0.1.10', 'fd00::/64', 'fd01::1-fd01::ffff'],
      serviceAllocation: { namespaces: ['a', 'b'], serviceSelectors: [selector] },
    },
  ],
  [
    'L2Advertisement',
    {
      ipAddressPools: ['a'],
      nodeSelectors: [selector],
      interfaces: ['eth0'],
      preferredNodeSelectors: [{ weight: 100, preference: selector }],
    },
  ],
  [
    'BGPAdvertisement',
    {
      aggregationLength: 24,
      localPref: 4_294_967_295,
      communities: ['1:2', 'large:1:2:3', 'name'],
    },
  ],
  ['BGPAdvertisement', { serviceSelectors: [selector], aggregationLength: 32 }],
  ['BGPPeer', { ...peer, holdTime: '1m30s', keepaliveTime: '30s', connectTime: '10s' }],
  ['BGPPeer', { myASN: 4_294_967_295, dynamicASN: 'internal', interface: 'eth0', holdTime: '0s' }],
  ['BFDProfile', { receiveInterval: 10, detectMultiplier: 255, echoMode: true, minimumTtl: 254 }],
  ['Community', { communities: [{ name: 'x', value: '65535:65281' }] }],
  ['ServiceBGPStatus', {}],
] as const) {
  test(`crds: a good ${kind} is taken: ${JSON.stringify(spec).slice(0, 60)}`, async () => {
    assert.equal(await refusal(kind, spec), '')
  })
}

const pool = (...addresses: string[]) => ({ addresses })
for (const [kind, what, spec, expected] of [
  [
    'IPAddressPool',
    'nonsense',
    pool('banana'),
    /spec.addresses\[0\].*invalid CIDR "banana": expected/,
  ],
  ['IPAddressPool', 'no addresses', pool(), /spec.addresses.*should have at least 1 items/],
  ['IPAddressPool', 'a bad start', pool('10.0.0-10.0.0.9'), /invalid start IP "10.0.0"/],
  ['IPAddressPool', 'a bad end', pool('10.0.0.1-10.0.0.999'), /invalid end IP "10.0.0.999"/],
  ['IPAddressPool', 'two families', pool('10.0.0.1-fd00::1'), /differ in family/],
  [
    'IPAddressPool',
    'a range backwards',
    pool('10.0.0.10-10.0.0.9'),
    /start IP is after the end IP/,
  ],
  ['IPAddressPool', 'an entry twice', pool('10.0.0.0/24', '10.0.0.0/24'), /Duplicate value/],
  [
    'IPAddressPool',
    'a namespace twice',
    { ...pool('10.0.0.0/24'), serviceAllocation: { namespaces: ['a', 'a'] } },
    /Duplicate value: "a"/,
  ],
  [
    'L2Advertisement',
    'In without values',
    { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] },
    /In and NotIn need values/,
  ],
  [
    'L2Advertisement',
    'Exists with values',
    { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }] },
    /Exists and DoesNotExist take none/,
  ],
  ['L2Advertisement', 'a pool twice', { ipAddressPools: ['a', 'a'] }, /Duplicate value: "a"/],
  ['BGPAdvertisement', 'a length of 33', { aggregationLength: 33 }, /less than or equal to 32/],
  [
    'BGPAdvertisement',
    'selectors and aggregation',
    { serviceSelectors: [selector], aggregationLength: 24 },
    /cannot be set when serviceSelectors is used/,
  ],
  [
    'BGPAdvertisement',
    'a bad community',
    { communities: ['1:65536'] },
    /invalid community "1:65536"/,
  ],
  ['BGPAdvertisement', 'a bad large one', { communities: ['large:1:2'] }, /invalid community/],
  ['BGPPeer', 'no local ASN', { ...peer, myASN: 0 }, /missing local ASN/],
  ['BGPPeer', 'no ASN', { ...peer, peerASN: 0 }, /missing peer ASN and dynamicASN/],
  ['BGPPeer', 'both ASNs', { ...peer, dynamicASN: 'internal' }, /both peer ASN and dynamicASN/],
  ['BGPPeer', 'no end', { myASN: 1, peerASN: 2 }, /no Address or Interface/],
  ['BGPPeer', 'two ends', { ...peer, interface: 'eth0' }, /both Address and Interface/],
  ['BGPPeer', 'a bad address', { ...peer, peerAddress: 'x' }, /invalid BGPPeer address "x"/],
  ['BGPPeer', 'a bad router ID', { ...peer, routerID: 'x' }, /invalid router ID "x"/],
  ['BGPPeer', 'a short hold time', { ...peer, holdTime: '2s' }, /must be 0 or >=3s/],
  ['BGPPeer', 'a hold time of words', { ...peer, holdTime: 'soon' }, /spec.holdTime/],
  ['BGPPeer', 'a long keepalive', { ...peer, holdTime: '9s', keepaliveTime: '10s' }, /lower than/],
  ['BGPPeer', 'a connect time of parts', { ...peer, connectTime: '1500ms' }, /whole number/],
  ['BGPPeer', 'two lines', { ...peer, password: 'a\nb' }, /expected one line/],
  [
    'BGPPeer',
    'two passwords',
    { ...peer, password: 'a', passwordSecret: { name: 'b' } },
    /can not have both password/,
  ],
  [
    'BGPPeer',
    'multihop in one AS',
    { ...peer, peerASN: 64500, ebgpMultiHop: true },
    /ebgp-multihop/,
  ],
  ['BFDProfile', 'a short interval', { receiveInterval: 9 }, /greater than or equal to 10/],
  [
    'Community',
    'a bad value',
    { communities: [{ name: 'a', value: 'x' }] },
    /invalid community "x"/,
  ],
  [
    'Community',
    'a name twice',
    {
      communities: [
        { name: 'a', value: '1:2' },
        { name: 'a', value: '1:3' },
      ],
    },
    /Duplicate value/,
  ],
] as const) {
  test(`crds: a ${kind} with ${what} is refused without any webhook`, async () => {
    assert.match(await refusal(kind, spec), expected)
  })
}

test('crds: several problems of one object are told together', async () => {
  const said = await refusal('BGPPeer', { ...peer, myASN: 0, routerID: 'x', holdTime: '1s' })
  for (const part of [/missing local ASN/, /invalid router ID/, /must be 0 or >=3s/]) {
    assert.match(said, part)
  }
})

test('crds: the API server and we read the same addresses, but for IPv6 ranges the wrong way round', async () => {
  for (const text of [
    '10.0.0.0/24',
    '10.0.0.7/24',
    ' 10.0.0.0/24 ',
    '10.0.0.0/33',
    '10.0.0.0',
    '010.0.0.0/24',
    'fd00::/64',
    'FD00::/64',
    'fd00::/129',
    '10.0.0.1-10.0.0.1',
    '10.0.0.1 -10.0.0.200',
    '9.255.255.255-10.0.0.0',
    '10.0.0.0-9.255.255.255',
    '10.0.0.1-10.0.0.2-10.0.0.3',
    '-10.0.0.1',
    '10.0.0.1-',
    'fd00::1-fd00::2',
    'fd00::1-10.0.0.1',
    'fd00::%eth0/64',
    '',
  ]) {
    const taken = (await refusal('IPAddressPool', pool(text))) === ''
    assert.equal(taken, parseRange(text).ok, JSON.stringify(text))
  }
})

test('crds: graceful restart of a peer cannot be changed', async () => {
  const made = await create('BGPPeer', { ...peer, enableGracefulRestart: true })
  const ref = { namespace: NAMESPACE, name: made.metadata.name }
  const patch = { spec: { enableGracefulRestart: false } }
  await assert.rejects(cluster.patch(resourceOf('BGPPeer'), ref, patch), /cannot be changed/)
})

test("crds: kubectl's columns are MetalLB's", async () => {
  await create('BFDProfile', { receiveInterval: 50 })
  for (const [plural, columns] of [
    ['bgppeers', /NAME +ADDRESS +ASN +BFD PROFILE +MULTI HOPS/],
    ['bgpadvertisements', /NAME +IPADDRESSPOOLS +IPADDRESSPOOL SELECTORS +PEERS\s/],
    ['bfdprofiles', /NAME +PASSIVE MODE +TRANSMIT INTERVAL +RECEIVE INTERVAL +MULTIPLIER/],
    ['communities', /NAME +AGE/],
    ['servicebgpstatuses', /NAME +NODE +SERVICE NAME +SERVICE NAMESPACE/],
  ] as const) {
    assert.match(await api.kubectl('get', plural, '-n', NAMESPACE), columns)
  }
})

test('crds: the largest pool and the longest lists cost no more than the API server grants', async () => {
  const addresses = Array.from(
    { length: 2048 },
    (_, i) => `10.${i >> 8}.${i & 255}.1-10.${i >> 8}.${i & 255}.200`,
  )
  assert.equal(await refusal('IPAddressPool', pool(...addresses)), '')
  const nodeSelectors = Array.from({ length: 1024 }, (_, i) => ({
    matchExpressions: [{ key: `k${i}`, operator: 'Exists' }],
  }))
  assert.equal(await refusal('L2Advertisement', { nodeSelectors }), '')
})
