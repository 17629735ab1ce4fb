/** BGPAdvertisements: what is wrong with one, and with two for one pool (internal/config). */
import type * as z from 'zod'
import { BITS } from '../net/ip.ts'
import { formatRange } from '../net/range.ts'
import type { Range } from '../net/range.ts'
import { bgpAdvertisementSpec } from './bgp-advertisement.ts'
import { checkSelectors } from './check-selectors.ts'
import type { Pool, Problem } from './model.ts'
import { parseObject } from './object.ts'
import type { ParsedObject } from './object.ts'
import { shareNode } from './parse-bgp-peer.ts'
import { COMMUNITY_EXPECTED, readCommunity } from './parse-community.ts'
import { advertisedPools } from './parse-pool.ts'
import type { Labels } from './selector.ts'

export interface Advertisement extends ParsedObject<z.infer<typeof bgpAdvertisementSpec>> {
  readonly pools: readonly Pool[]
}

export function parseBgpAdvertisement(
  object: unknown,
  pools: readonly Pool[],
  aliases: ReadonlyMap<string, string>,
  all: Problem[],
): Advertisement | undefined {
  const schema = bgpAdvertisementSpec.prefault({})
  const parsed = parseObject('BGPAdvertisement', schema, object, all)
  if (!parsed) return undefined
  const { spec, problems } = parsed
  const { ipAddressPools = [], ipAddressPoolSelectors = [], serviceSelectors = [] } = spec
  problems.addDuplicates('spec.ipAddressPools', 'ipAddressPools', ipAddressPools)
  problems.addDuplicates('spec.communities', 'community', spec.communities ?? [])
  problems.addDuplicates('spec.peers', 'peers', spec.peers ?? [])
  checkSelectors('spec.ipAddressPoolSelectors', ipAddressPoolSelectors, problems)
  checkSelectors('spec.nodeSelectors', spec.nodeSelectors ?? [], problems)
  checkSelectors('spec.serviceSelectors', serviceSelectors, problems)
  for (const [field, whole] of [
    ['aggregationLength', 32],
    ['aggregationLengthV6', 128],
  ] as const) {
    if (serviceSelectors.length > 0 && spec[field] !== whole) {
      const message = `serviceSelectors and ${field} are mutually exclusive, got ${spec[field]}`
      problems.add(`spec.${field}`, message)
    }
  }
  spec.communities?.forEach((text, index) => {
    const read = aliases.has(text) ? 'good' : readCommunity(text)
    if (read === 'good') return
    const expected = `${COMMUNITY_EXPECTED}, or the name of an alias`
    const message = `invalid community "${text}" in BGP advertisement: ${expected}`
    // An alias may still come.
    problems.add(`spec.communities[${index}]`, message, read === 'none')
  })
  const advertised = advertisedPools(pools, ipAddressPools, ipAddressPoolSelectors)
  const advertisement = { ...parsed, pools: advertised }
  for (const pool of advertised) checkAggregation(advertisement, pool)
  return advertisement
}

/** A prefix that is announced must lie in the pool. */
function checkAggregation({ spec, problems }: Advertisement, pool: Pool): void {
  for (const range of pool.ranges) {
    const field = range.family === 4 ? 'aggregationLength' : 'aggregationLengthV6'
    const length = spec[field]
    const shortest = shortestPrefix(range)
    if (length >= shortest) continue
    const message =
      `invalid aggregation length ${length}: prefix ${shortest} in this pool is more specific ` +
      `than the aggregation length for addresses ${formatRange(range)} of pool "${pool.name}"`
    problems.add(`spec.${field}`, message)
  }
}

/** Length of the largest aligned prefix within a range. */
export function shortestPrefix({ family, first, last }: Range): number {
  const bits = BITS[family]
  for (let length = 0; length < bits; length++) {
    const size = 1n << BigInt(bits - length)
    const start = ((first + size - 1n) / size) * size
    if (start + size - 1n <= last) return length
  }
  return bits
}

/** Two that would announce one prefix to one peer must agree on the preference. In order of name. */
export function checkPreferences(
  advertisements: readonly Advertisement[],
  nodes: readonly Labels[],
): void {
  // With selectors it depends on the Services.
  const general = advertisements.filter(({ spec }) => !spec.serviceSelectors?.length)
  general.forEach((advertisement, index) => {
    const { spec, problems } = advertisement
    for (const other of general.slice(0, index)) {
      if ((spec.localPref ?? 0) === (other.spec.localPref ?? 0)) continue
      const pool = commonPool(advertisement, other)
      if (!pool || !sharePeer(spec.peers, other.spec.peers)) continue
      if (!shareNode(spec.nodeSelectors, other.spec.nodeSelectors, nodes)) continue
      const message =
        `invalid local preference ${spec.localPref ?? 0}: local preference ` +
        `${other.spec.localPref ?? 0} was already set by ${other.name} for the same type of BGP ` +
        `update of pool "${pool.name}"`
      problems.add('spec.localPref', message)
    }
  })
}

/** A pool of which both announce the same prefixes. */
function commonPool(a: Advertisement, b: Advertisement): Pool | undefined {
  return a.pools.find(
    (pool) =>
      b.pools.includes(pool) &&
      pool.ranges.some(({ family }) =>
        family === 4
          ? a.spec.aggregationLength === b.spec.aggregationLength
          : a.spec.aggregationLengthV6 === b.spec.aggregationLengthV6,
      ),
  )
}

/** None named: all. */
const sharePeer = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  a.length === 0 || b.length === 0 || a.some((peer) => b.includes(peer))
