/** Rules about the BGP kinds, one row a rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConfigObjects } from './parse-config.ts'
import { parseConfig } from './parse-config.ts'
import { shortestPrefix } from './parse-bgp-advertisement.ts'
import { readCommunity } from './parse-community.ts'
import { problemText } from './problems.ts'

const named = (name: string, spec: object) => ({ metadata: { name }, spec })
const peer = (spec: object = {}, name = 'p') =>
  named(name, { myASN: 64500, peerASN: 64501, peerAddress: '10.9.0.1', ...spec })
const pool = (name: string, ...addresses: string[]) => named(name, { addresses })

function problems(objects: Partial<ConfigObjects>): string[] {
  const parsed = parseConfig({ pools: [], l2Advertisements: [], ...objects })
  return parsed.ok ? [] : parsed.problems.map((problem) => problemText(problem))
}

test('config/bgp: a whole installation is good', () => {
  const objects = {
    pools: [pool('a', '10.0.0.0/24', 'fd00::/64')],
    bgpPeers: [
      peer({ bfdProfile: 'quick', holdTime: '90s', passwordSecret: { name: 's' } }),
      peer({ peerAddress: '10.9.0.2' }, 'q'),
    ],
    bfdProfiles: [named('quick', { receiveInterval: 300 })],
    communities: [named('c', { communities: [{ name: 'no-export', value: '65535:65281' }] })],
    bgpAdvertisements: [
      named('ad', {
        communities: ['no-export', '1:2', 'large:1:2:3'],
        aggregationLength: 24,
        localPref: 100,
      }),
    ],
    secrets: [
      { metadata: { name: 's' }, type: 'kubernetes.io/basic-auth', data: { password: '' } },
    ],
  }
  assert.deepEqual(problems(objects), [])
})

for (const [what, spec, expected] of [
  ['no local ASN', { myASN: 0 }, /spec.myASN: missing local ASN/],
  ['no peer ASN', { peerASN: undefined }, /spec.peerASN: missing peer ASN and dynamicASN/],
  ['both ASNs', { dynamicASN: 'external' }, /both peer ASN and dynamicASN specified/],
  ['a dynamicASN of its own', { peerASN: 0, dynamicASN: 'maybe' }, /spec.dynamicASN: Invalid/],
  ['multihop in one AS', { peerASN: 64500, ebgpMultiHop: true }, /invalid ebgp-multihop parameter/],
  ['no address', { peerAddress: '' }, /peer has no Address or Interface specified/],
  ['address and interface', { interface: 'eth0' }, /peer has both Address and Interface specified/],
  ['a bad address', { peerAddress: '10.9' }, /invalid BGPPeer address "10.9"/],
  ['a bad router ID', { routerID: 'x' }, /invalid router ID "x"/],
  ['a bad source', { sourceAddress: 'x' }, /invalid source IP "x"/],
  ['a short hold time', { holdTime: '2s' }, /invalid hold time "2s": must be 0 or >=3s/],
  ['a hold time that follows', { keepaliveTime: '600ms' }, /invalid hold time "3 \* 600ms"/],
  [
    'a long keepalive',
    { holdTime: '9s', keepaliveTime: '10s' },
    /must be lower than holdTime "9s"/,
  ],
  ['a time that is none', { holdTime: 'soon' }, /invalid duration "soon": expected such as 90s/],
  ['a connect time of parts', { connectTime: '1500ms' }, /invalid connect time "1500ms"/],
  ['two lines', { vrf: 'a\nb' }, /vrf contains invalid characters/],
  ['two passwords', { password: 'a', passwordSecret: { name: 's' } }, /can not have both password/],
  ['a Secret not there', { passwordSecret: { name: 'none' } }, /secret ref not found/],
  ['a Secret of another type', { passwordSecret: { name: 'opaque' } }, /secret type mismatch on/],
  ['a Secret without password', { passwordSecret: { name: 'empty' } }, /password not specified/],
  ['an unknown BFD profile', { bfdProfile: 'x' }, /referencing non existing bfd profile x/],
  ['a selector twice', { nodeSelectors: [{}, {}] }, /duplicate definition of label selector/],
] as const) {
  test(`config/bgp: a peer with ${what} is told`, () => {
    const type = 'kubernetes.io/basic-auth'
    const secrets = [
      { metadata: { name: 'opaque' }, type: 'Opaque', data: { password: '' } },
      { metadata: { name: 'empty' }, type },
      { metadata: { name: 's' }, type, data: { password: '' } },
    ]
    const found = problems({ bgpPeers: [peer(spec)], secrets })
    assert.equal(found.length, 1, JSON.stringify(found))
    assert.match(found[0] ?? '', expected)
    assert.match(found[0] ?? '', /^BGPPeer\/p spec\./)
  })
}

test('config/bgp: all problems of a peer are told together, in order of their places', () => {
  const bad = peer({ myASN: 0, routerID: 'x', holdTime: '1s', bfdProfile: 'none' })
  assert.deepEqual(
    problems({ bgpPeers: [bad] }).map((text) => text.split(':')[0]),
    [
      'BGPPeer/p spec.bfdProfile',
      'BGPPeer/p spec.holdTime',
      'BGPPeer/p spec.myASN',
      'BGPPeer/p spec.routerID',
    ],
  )
})

const on = (zone: string) => ({ nodeSelectors: [{ matchLabels: { zone } }] })
for (const [what, first, second, expected] of [
  ['two router IDs', { routerID: '1.1.1.1' }, {}, /RouterID "" different from "1.1.1.1" of peer p/],
  ['two ASNs', {}, { myASN: 64999 }, /myAsn 64999 different from 64500 of peer p/],
  ['one end', {}, { peerAddress: '10.9.0.1' }, /peer 10.9.0.1 already exists as p/],
  ['two ASNs in two VRFs', {}, { myASN: 64999, vrf: 'red' }, undefined],
  ['one end in two VRFs', {}, { peerAddress: '10.9.0.1', vrf: 'red' }, undefined],
  ['one end on different nodes', on('a'), { peerAddress: '10.9.0.1', ...on('b') }, undefined],
  ['one end on one node', on('a'), { peerAddress: '10.9.0.1', ...on('a') }, /already exists as p/],
] as const) {
  test(`config/bgp: two peers with ${what}: ${expected ? 'told' : 'good'}`, () => {
    const bgpPeers = [peer({ peerAddress: '10.9.0.2', ...second }, 'q'), peer(first)]
    const found = problems({ bgpPeers, nodes: [{ zone: 'a' }, { zone: 'b' }] })
    assert.equal(found.length, expected ? 1 : 0, JSON.stringify(found))
    if (expected) assert.match(found[0] ?? '', expected)
  })
}

for (const [what, spec, expected] of [
  ['selectors and aggregation', { serviceSelectors: [{}], aggregationLength: 24 }, /exclusive/],
  ['an aggregation too long for IPv4', { aggregationLength: 33 }, /spec.aggregationLength: /],
  ['a pool smaller than the aggregation', { aggregationLength: 20 }, /prefix 24 in this pool is/],
  ['a community of bad numbers', { communities: ['1:99999'] }, /invalid community "1:99999"/],
  ['an unknown alias', { communities: ['who'] }, /invalid community "who" in BGP/],
  ['a community twice', { communities: ['1:2', '1:2'] }, /duplicate definition of community 1:2/],
  ['a peer twice', { peers: ['p', 'p'] }, /duplicate definition of peers p/],
] as const) {
  test(`config/bgp: an advertisement with ${what} is told`, () => {
    const pools = [pool('a', '10.0.0.0/24')]
    const found = problems({ pools, bgpAdvertisements: [named('ad', spec)] })
    assert.equal(found.length, 1, JSON.stringify(found))
    assert.match(found[0] ?? '', expected)
  })
}

for (const [what, first, second, told] of [
  ['for one pool', {}, {}, true],
  ['for two pools', { ipAddressPools: ['a'] }, { ipAddressPools: ['b'] }, false],
  ['of two lengths', { aggregationLength: 25 }, {}, false],
  ['to two peers', { peers: ['p'] }, { peers: ['q'] }, false],
  ['to all peers and one', {}, { peers: ['q'] }, true],
  ['on two nodes', on('a'), on('b'), false],
  ['for Services selected', { serviceSelectors: [{}] }, {}, false],
] as const) {
  test(`config/bgp: two preferences ${what}: ${told ? 'told' : 'good'}`, () => {
    const found = problems({
      pools: [pool('a', '10.0.0.0/24'), pool('b', '10.0.1.0/24')],
      bgpAdvertisements: [
        named('x', { localPref: 1, ...first }),
        named('y', { localPref: 2, ...second }),
      ],
      nodes: [{ zone: 'a' }, { zone: 'b' }],
    })
    assert.equal(found.length, told ? 1 : 0, JSON.stringify(found))
    if (told)
      assert.match(found[0] ?? '', /^BGPAdvertisement\/y spec.localPref: .*already set by x/)
  })
}

test('config/bgp: BFD echo and IPv6 do not go together', () => {
  const objects = (address: string) => ({
    pools: [pool('a', address)],
    bgpPeers: [peer({ bfdProfile: 'echo' })],
    bfdProfiles: [named('echo', { echoMode: true })],
    bgpAdvertisements: [named('ad', {})],
  })
  assert.deepEqual(problems(objects('10.0.0.0/24')), [])
  assert.match(problems(objects('fd00::/64'))[0] ?? '', /peer p which has bfd echo enabled/)
})

test('config/bgp: an alias in two Communities is told of the later one by name', () => {
  const one = { communities: [{ name: 'x', value: '1:2' }] }
  const found = problems({ communities: [named('b', one), named('a', one)] })
  assert.match(found.join(), /^Community\/b spec.communities\[0\].name: duplicate.*Community\/a$/)
})

test('config/bgp: what is missing and may come is transient, what is wrong is not', () => {
  const parsed = parseConfig({
    pools: [],
    l2Advertisements: [],
    bgpPeers: [peer({ bfdProfile: 'x', passwordSecret: { name: 'x' } })],
    bgpAdvertisements: [named('ad', { communities: ['alias', '1:99999'] })],
    secrets: [],
  })
  assert.ok(!parsed.ok)
  const hard = parsed.problems.filter(({ transient }) => !transient)
  assert.equal(parsed.problems.length, 4)
  assert.deepEqual(
    hard.map(({ path }) => path),
    ['spec.communities[1]'],
  )
})

test('config/bgp: the shortest prefix of a range is as long as the largest block in it', () => {
  const of = (first: bigint, last: bigint) => shortestPrefix({ family: 4, first, last })
  assert.equal(of(0x0a000000n, 0x0a0000ffn), 24)
  assert.equal(of(0x0a000001n, 0x0a0000ffn), 25)
  assert.equal(of(0x0a000001n, 0x0a000001n), 32)
  fc.assert(
    fc.property(fc.bigInt(0n, 1000n), fc.bigInt(0n, 1000n), (first, more) => {
      const size = 1n << BigInt(32 - of(first, first + more))
      const holds = (block: bigint) => {
        const start = ((first + block - 1n) / block) * block
        return start + block - 1n <= first + more
      }
      assert.ok(holds(size) && !holds(size * 2n))
    }),
  )
})

for (const [text, expected] of [
  ['1:2', 'good'],
  ['65535:65535', 'good'],
  ['65536:1', 'bad number'],
  ['large:4294967295:0:1', 'good'],
  ['large:4294967296:0:1', 'bad number'],
  ['a:1', 'bad number'],
  ['alias', 'none'],
  ['1:2:3', 'none'],
] as const) {
  test(`config/bgp: community ${text} is ${expected}`, () => {
    assert.equal(readCommunity(text), expected)
  })
}

test('config/bgp: whatever comes, the answer is a config or problems, never a throw', () => {
  const any = fc.array(fc.anything())
  fc.assert(
    fc.property(any, any, any, any, (bgpPeers, bgpAdvertisements, bfdProfiles, communities) => {
      problems({ bgpPeers, bgpAdvertisements, bfdProfiles, communities })
    }),
  )
})
