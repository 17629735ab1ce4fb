import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pool } from '../config/model.ts'
import { formatIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { parseRange } from '../net/range.ts'
import type { Range } from '../net/range.ts'
import { Addresses } from './addresses.ts'
import { Heap } from './heap.ts'
import { isUsable, usableCount } from './usable.ts'

const range = (text: string): Range => {
  const parsed = parseRange(text)
  assert.ok(parsed.ok, text)
  return parsed.value
}
const poolOf = (name: string, ranges: string[], avoidBuggyIPs = false): Pool => ({
  name,
  labels: {},
  ranges: ranges.map(range),
  autoAssign: true,
  avoidBuggyIPs,
})
const mapOf = (...pools: Pool[]) => new Map(pools.map((pool) => [pool.name, pool]))

test('pool/heap: gives the least of what was added, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 30n })), (values) => {
      const heap = new Heap()
      for (const value of values) heap.add(value)
      const out: bigint[] = []
      for (let it = heap.least; it !== undefined; it = heap.least) {
        out.push(it)
        heap.removeLeast()
      }
      assert.deepEqual(
        out,
        [...new Set(values)].sort((a, b) => (a < b ? -1 : 1)),
      )
    }),
  )
})

test('pool/addresses: the lowest free one is that of a naive search, whatever was taken and given back', () => {
  const pool = poolOf('p', ['10.0.1.0/29', '10.0.0.252-10.0.0.255'], true)
  // In no order: two that overlap, one of both ranges, one within another.
  const reserved = [
    '10.0.1.4-10.0.1.5',
    '10.0.1.3-10.0.1.4',
    '10.0.0.254-10.0.1.1',
    '10.0.1.4-10.0.1.4',
  ].map(range)
  const order = pool.ranges.flatMap(({ family, first, last }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, i): Ip => ({
      family,
      value: first + BigInt(i),
    })),
  )
  const looksUsable = (ip: Ip) => !/\.(0|255)$/.test(formatIp(ip))
  const isFree = (ip: Ip) =>
    looksUsable(ip) && !reserved.some(({ first, last }) => ip.value >= first && ip.value <= last)
  const step = fc.tuple(
    fc.nat(order.length - 1),
    fc.constantFrom('a', 'b'),
    fc.constantFrom('take', 'release', 'lowest'),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const addresses = new Addresses(mapOf(pool), new Map([['p', reserved]]))
      const held = new Map<string, Set<string>>()
      const isHeld = (ip: Ip) => (held.get(formatIp(ip))?.size ?? 0) > 0
      for (const [index, who, what] of steps) {
        const lowest = order.find((ip) => isFree(ip) && !isHeld(ip))
        assert.deepEqual(addresses.lowestFree(pool, 4), lowest)
        const ip = what === 'lowest' ? lowest : order[index]
        if (!ip) continue
        const holders = held.get(formatIp(ip)) ?? new Set()
        held.set(formatIp(ip), holders)
        if (what === 'release') {
          addresses.release(ip, who)
          holders.delete(who)
        } else {
          addresses.take(ip, who)
          holders.add(who)
        }
        assert.deepEqual(new Set(addresses.holders(ip)), holders)
        assert.deepEqual(addresses.count('p', 4), {
          usable: BigInt(order.filter(looksUsable).length),
          held: order.filter(isHeld).length,
          free: BigInt(order.filter((it) => isFree(it) && !isHeld(it)).length),
        })
      }
    }),
    { numRuns: 300 },
  )
})

test('pool/usable: as many are counted as are usable, from 0.0.0.0 on', () => {
  fc.assert(
    fc.property(fc.nat(600), fc.nat(600), fc.boolean(), (from, size, avoidBuggyIPs) => {
      const [first, last] = [BigInt(from), BigInt(from + size)]
      let usable = 0n
      for (let value = first; value <= last; value++) {
        if (isUsable({ avoidBuggyIPs }, { family: 4, value })) usable++
      }
      assert.equal(usableCount({ avoidBuggyIPs }, { family: 4, first, last }), usable)
    }),
  )
})

test('pool/addresses: each is found in its pool, among many', () => {
  const pools = Array.from({ length: 300 }, (_, i) =>
    poolOf(`p${i}`, [
      `10.${i % 7}.${i % 250}.${i % 13}/32`,
      `fd00:${(i * 7919).toString(16).slice(-4)}::/64`,
    ]),
  )
  const addresses = new Addresses(mapOf(...pools))
  for (const pool of pools.slice(0, 90)) {
    for (const { family, first, last } of pool.ranges) {
      const at = (value: bigint) =>
        addresses
          .poolOf({ family, value })
          ?.ranges.some((it) => value >= it.first && value <= it.last)
      assert.ok(at(first) && at(last))
    }
  }
  assert.equal(addresses.poolOf({ family: 4, value: 1n }), undefined)
  assert.equal(addresses.poolOf({ family: 6, value: 1n }), undefined)
})

test('pool/addresses: a /48 with a reserved /49 costs nothing, and begins behind what is reserved', () => {
  const pool = poolOf('p', ['fd00::/48'])
  const addresses = new Addresses(mapOf(pool), new Map([['p', [range('fd00::/49')]]]))
  const first = addresses.lowestFree(pool, 6)
  assert.equal(first && formatIp(first), 'fd00:0:0:8000::')
  assert.equal(addresses.count('p', 6).free, 2n ** 79n)
  assert.equal(addresses.count('p', 6).usable, 2n ** 80n)
})
