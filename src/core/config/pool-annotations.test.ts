import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRange, parseRange } from '../net/range.ts'
import type { Range } from '../net/range.ts'
import { poolOptions } from './pool-annotations.ts'

const ranges = ['10.0.0.0/24', 'fd00::/64'].flatMap((text): Range[] => {
  const parsed = parseRange(text)
  return parsed.ok ? [parsed.value] : []
})
const parse = (annotations: Record<string, string>) => poolOptions('p', annotations, ranges)

test('config/pool-annotations: nothing said is everything off', () => {
  assert.deepEqual(parse({ 'example.com/x': 'y' }), {
    options: { reserved: [], keepMs: undefined, warnAt: [], listHolders: false },
    problems: [],
  })
})

for (const [key, value, option, expected] of [
  ['keep-addresses', '1h30m', 'keepMs', 5_400_000],
  ['warn-at-usage', 'true', 'warnAt', [75, 90, 100]],
  ['warn-at-usage', '90, 50%,90', 'warnAt', [50, 90]],
  ['warn-at-usage', 'false', 'warnAt', []],
  ['list-holders', 'true', 'listHolders', true],
  ['list-holders', 'false', 'listHolders', false],
] as const) {
  test(`config/pool-annotations: ${key} ${value}`, () => {
    const { options, problems } = parse({ [`bellwether.io/${key}`]: value })
    assert.deepEqual(problems, [])
    assert.deepEqual(options[option], expected)
  })
}

test('config/pool-annotations: addresses, CIDRs and ranges are reserved', () => {
  const value = '10.0.0.1, 10.0.0.8/30 ,10.0.0.20 - 10.0.0.22,fd00::5'
  const { options, problems } = parse({ 'bellwether.io/reserved-addresses': value })
  assert.deepEqual(problems, [])
  assert.deepEqual(options.reserved.map(formatRange), [
    '10.0.0.1-10.0.0.1',
    '10.0.0.8-10.0.0.11',
    '10.0.0.20-10.0.0.22',
    'fd00::5-fd00::5',
  ])
})

for (const [key, value, message] of [
  ['reserved-addresses', 'banana', /got "banana": invalid CIDR/],
  ['reserved-addresses', '10.0.0.250-10.0.1.2', /is not all in the pool's addresses/],
  ['keep-addresses', 'a while', /expected a duration like "1h30m".*got "a while"/],
  ['keep-addresses', '-5m', /more than 0/],
  ['keep-addresses', '1000h', /at most 720h/],
  ['warn-at-usage', '75,110', /percentages from 1 to 100.*got "110"/],
  ['list-holders', 'yes', /expected "true" or "false", got "yes"/],
  ['reserved-adresses', '10.0.0.1', /unknown annotation; .*reserved-addresses/],
] as const) {
  test(`config/pool-annotations: ${key} ${value} is told`, () => {
    const { problems } = parse({ [`bellwether.io/${key}`]: value })
    assert.equal(problems.length, 1)
    assert.equal(problems[0]?.where, 'IPAddressPool/p')
    assert.equal(problems[0].path, `metadata.annotations["bellwether.io/${key}"]`)
    assert.match(problems[0].message, message)
  })
}

test('config/pool-annotations: what can be read of a wrong value counts', () => {
  const { options } = parse({ 'bellwether.io/reserved-addresses': 'x,10.0.0.1' })
  assert.deepEqual(options.reserved.map(formatRange), ['10.0.0.1-10.0.0.1'])
})
