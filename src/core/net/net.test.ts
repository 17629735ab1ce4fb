import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareIp, formatIp, ipFromBytes, ipToBytes, parseIp } from './ip.ts'
import type { Ip } from './ip.ts'
import { formatMac, parseMac } from './mac.ts'
import { formatRange, parseRange, rangeContains, rangeSize, rangesOverlap } from './range.ts'

const anyIp: fc.Arbitrary<Ip> = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ({ family: 4 as const, value })),
  // Above ::ffff:ffff:ffff, where the IPv4-mapped range ends.
  fc.bigInt(2n ** 48n, 2n ** 128n - 1n).map((value) => ({ family: 6 as const, value })),
)

for (const [text, canonical] of [
  ['172.18.0.10', '172.18.0.10'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['fd00:18:0:0:0:0:0:1', 'fd00:18::1'],
  ['FD00::A', 'fd00::a'],
  ['::', '::'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
] as const) {
  test(`net/ip: ${text} is ${canonical}`, () => {
    const ip = parseIp(text)
    assert.ok(ip)
    assert.equal(formatIp(ip), canonical)
  })
}

for (const text of [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '256.0.0.1',
  '01.2.3.4',
  '1.2.3.4/24',
  'fe80::1%eth0',
  ':',
  '1:2',
  'x',
  ' 1.2.3.4',
  '1.2.3.4 ',
  '::1/64',
  '0x7f.0.0.1',
]) {
  test(`net/ip: ${JSON.stringify(text)} is no address`, () =>
    assert.equal(parseIp(text), undefined))
}

test('net/ip: text and bytes round-trip', () => {
  fc.assert(
    fc.property(anyIp, (ip) => {
      assert.deepEqual(parseIp(formatIp(ip)), ip)
      assert.deepEqual(ipFromBytes(ipToBytes(ip)), ip)
    }),
  )
})

test('net/ip: bytes of another length are no address', () => {
  for (const length of [0, 3, 5, 15, 17])
    assert.equal(ipFromBytes(new Uint8Array(length)), undefined)
})

test('net/ip: any text parses or is refused, without a throw', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseIp(text)))
})

for (const [text, range, size] of [
  ['172.18.0.10-172.18.0.30', '172.18.0.10-172.18.0.30', 21n],
  ['172.18.0.10 - 172.18.0.30', '172.18.0.10-172.18.0.30', 21n],
  ['10.0.0.7/24', '10.0.0.0-10.0.0.255', 256n],
  ['10.0.0.1/32', '10.0.0.1-10.0.0.1', 1n],
  ['fd00::/120', 'fd00::-fd00::ff', 256n],
  ['0.0.0.0/0', '0.0.0.0-255.255.255.255', 2n ** 32n],
] as const) {
  test(`net/range: ${text} is ${range}`, () => {
    const parsed = parseRange(text)
    assert.ok(parsed.ok)
    assert.equal(formatRange(parsed.value), range)
    assert.equal(rangeSize(parsed.value), size)
  })
}

for (const [text, problem] of [
  ['10.0.0.0/33', /invalid CIDR/],
  ['10.0.0.0', /invalid CIDR/],
  ['banana', /invalid CIDR/],
  ['10.0.0.9-10.0.0.1', /start IP .* is after the end IP/],
  ['10.0.0.9-x', /invalid end IP "x"/],
  ['x-10.0.0.9', /invalid start IP "x"/],
  ['10.0.0.1-fd00::1', /differ in family/],
  ['1-2-3', /invalid IP range/],
] as const) {
  test(`net/range: ${text} is refused`, () => {
    const parsed = parseRange(text)
    assert.ok(!parsed.ok)
    assert.match(parsed.problem, problem)
  })
}

test('net/range: overlap is symmetric and means a shared address', () => {
  const range = fc
    .tuple(fc.bigInt(0n, 300n), fc.bigInt(0n, 40n))
    .map(([first, more]) => ({ family: 4 as const, first, last: first + more }))
  fc.assert(
    fc.property(range, range, (a, b) => {
      let shared = false
      for (let value = a.first; value <= a.last; value++) {
        shared ||= rangeContains(b, { family: 4, value })
      }
      assert.equal(rangesOverlap(a, b), shared)
      assert.equal(rangesOverlap(b, a), shared)
    }),
  )
})

test('net/ip: order is total', () => {
  fc.assert(
    fc.property(anyIp, anyIp, (a, b) => assert.equal(compareIp(a, b), -compareIp(b, a) + 0)),
  )
})

test('net/mac: text round-trips, bad text is refused', () => {
  const mac = parseMac('02:00:5E:10:00:01')
  assert.ok(mac)
  assert.equal(formatMac(mac), '02:00:5e:10:00:01')
  for (const text of ['', '02:00:5e:10:00', '02-00-5e-10-00-01', 'zz:00:5e:10:00:01']) {
    assert.equal(parseMac(text), undefined)
  }
})
