import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatRange } from '../net/range.ts'
import type { Config } from './model.ts'
import { parseConfig } from './parse-config.ts'

const pool = (name: string, addresses: unknown, spec: object = {}, labels: object = {}) => ({
  metadata: { name, labels },
  spec: { addresses, ...spec },
})

const ad = (spec?: object, name = 'ad') => ({ metadata: { name }, ...(spec && { spec }) })

function good(pools: unknown[], l2Advertisements: unknown[] = []): Config {
  const parsed = parseConfig({ pools, l2Advertisements })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.config
}

test('config: a pool has its ranges in spec order and the defaults of MetalLB', () => {
  const { pools } = good([pool('p', ['10.0.1.0/24', '10.0.0.1-10.0.0.3'])])
  const parsed = pools.get('p')
  assert.ok(parsed)
  assert.deepEqual(parsed.ranges.map(formatRange), ['10.0.1.0-10.0.1.255', '10.0.0.1-10.0.0.3'])
  assert.equal(parsed.autoAssign, true)
  assert.equal(parsed.avoidBuggyIPs, false)
  assert.equal(parsed.serviceAllocation, undefined)
})

for (const [what, pools, place, message] of [
  [
    'no addresses',
    [pool('p', [])],
    'IPAddressPool/p spec.addresses',
    /pool has no prefixes defined/,
  ],
  [
    'addresses missing',
    [{ metadata: { name: 'p' }, spec: {} }],
    'IPAddressPool/p spec.addresses',
    /expected array/,
  ],
  ['a spec missing', [{ metadata: { name: 'p' } }], 'IPAddressPool/p spec', /expected object/],
  [
    'an address that is none',
    [pool('p', ['banana'])],
    'IPAddressPool/p spec.addresses[0]',
    /invalid CIDR "banana"/,
  ],
  [
    'a range the wrong way round',
    [pool('p', ['10.0.0.9-10.0.0.1'])],
    'IPAddressPool/p spec.addresses[0]',
    /is after the end IP/,
  ],
  [
    'an overlap within a pool',
    [pool('p', ['10.0.0.0/24', '10.0.0.8-10.0.0.9'])],
    'IPAddressPool/p spec.addresses',
    /overlaps with already defined CIDR/,
  ],
  [
    'an overlap across pools',
    [pool('b', ['10.0.0.8/29']), pool('a', ['10.0.0.0/24'])],
    'IPAddressPool/b spec.addresses',
    /in pool "b" overlaps with already defined CIDR "10.0.0.0-10.0.0.255" in pool "a"/,
  ],
  [
    'a namespace twice',
    [pool('p', ['10.0.0.0/24'], { serviceAllocation: { namespaces: ['x', 'x'] } })],
    'IPAddressPool/p spec.serviceAllocation.namespaces[1]',
    /duplicate definition of namespace x/,
  ],
] as const) {
  test(`config: ${what} is told`, () => {
    const parsed = parseConfig({ pools, l2Advertisements: [] })
    assert.ok(!parsed.ok)
    const [problem] = parsed.problems
    assert.equal(`${problem?.where} ${problem?.path}`, place)
    assert.match(problem?.message ?? '', message)
  })
}

test('config: an overlap hidden behind a third range is found', () => {
  const parsed = parseConfig({
    pools: [pool('a', ['10.0.0.0/16']), pool('b', ['10.0.1.1/32']), pool('c', ['10.0.9.0/24'])],
    l2Advertisements: [],
  })
  assert.ok(!parsed.ok)
  assert.deepEqual(
    parsed.problems.map(({ where }) => where),
    ['IPAddressPool/b', 'IPAddressPool/c'],
  )
})

test('config: all problems of all objects are told together', () => {
  const parsed = parseConfig({
    pools: [pool('a', ['x', 'y']), pool('b', 7), 'nonsense'],
    l2Advertisements: [ad({ ipAddressPools: ['a', 'a'] }), ad({ nodeSelectors: 3 }, 'other')],
  })
  assert.ok(!parsed.ok)
  assert.equal(parsed.problems.length, 6, JSON.stringify(parsed.problems))
})

const three = [
  pool('c', ['10.0.3.0/24']),
  pool('a', ['10.0.1.0/24'], {}, { tier: 'gold' }),
  pool('b', ['10.0.2.0/24'], {}, { tier: 'tin' }),
]

for (const [what, spec, pools] of [
  ['without a spec: all pools', undefined, ['a', 'b', 'c']],
  ['with an empty spec: all pools', {}, ['a', 'b', 'c']],
  ['by name', { ipAddressPools: ['b'] }, ['b']],
  ['by label', { ipAddressPoolSelectors: [{ matchLabels: { tier: 'gold' } }] }, ['a']],
  [
    'by name and by label: both',
    { ipAddressPools: ['c'], ipAddressPoolSelectors: [{ matchLabels: { tier: 'gold' } }] },
    ['a', 'c'],
  ],
  ['a pool that is not there: none', { ipAddressPools: ['nowhere'] }, []],
] as const) {
  test(`config: an advertisement ${what}`, () => {
    assert.deepEqual(good(three, [ad(spec)]).l2Advertisements[0]?.pools, pools)
  })
}

for (const [what, expression, message] of [
  ['In without values', { key: 'k', operator: 'In' }, /expected values, got none/],
  [
    'Exists with values',
    { key: 'k', operator: 'Exists', values: ['v'] },
    /expected no values, got 1/,
  ],
  ['a value twice', { key: 'k', operator: 'In', values: ['v', 'v'] }, /duplicate definition of/],
  ['an operator of its own', { key: 'k', operator: 'Near' }, /Invalid option/],
] as const) {
  test(`config: a selector with ${what} is told`, () => {
    const spec = { nodeSelectors: [{ matchExpressions: [expression] }] }
    const parsed = parseConfig({ pools: [], l2Advertisements: [ad(spec)] })
    assert.ok(!parsed.ok)
    assert.match(parsed.problems[0]?.message ?? '', message)
  })
}

test('config: the order of arrival does not matter', () => {
  const order = fc.shuffledSubarray(three, { minLength: 3, maxLength: 3 })
  const ads = [ad({}, 'y'), ad({ ipAddressPools: ['a'] }, 'x')]
  const text = ({ pools, l2Advertisements }: Config) =>
    JSON.stringify([[...pools.keys()], l2Advertisements])
  fc.assert(
    fc.property(order, (pools) => {
      assert.equal(text(good(pools, ads.toReversed())), text(good(three, ads)))
    }),
  )
})

test('config: whatever comes, the answer is a config or problems, never a throw', () => {
  fc.assert(
    fc.property(fc.array(fc.anything()), fc.array(fc.anything()), (pools, l2Advertisements) => {
      parseConfig({ pools, l2Advertisements })
    }),
  )
})
