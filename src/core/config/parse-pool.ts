/** IPAddressPools, as they came, to Pools; which of them overlap; which an advertisement names. */
import { formatRange, parseRange, rangesOverlap } from '../net/range.ts'
import type { Range } from '../net/range.ts'
import { checkSelectors } from './check-selectors.ts'
import { ipAddressPoolSpec } from './ip-address-pool.ts'
import type { Pool, Problem } from './model.ts'
import { parseObject } from './object.ts'
import { selects } from './selector.ts'
import type { LabelSelector } from './selector.ts'

/** Undefined where nothing of it can be used, not even to look for overlaps. */
export function parsePool(object: unknown, all: Problem[]): Pool | undefined {
  const parsed = parseObject('IPAddressPool', ipAddressPoolSpec, object, all)
  if (!parsed) return undefined
  const { name, labels, spec, problems } = parsed
  const ranges = spec.addresses.flatMap((text, index) => {
    const range = parseRange(text)
    if (range.ok) return range.value
    problems.add(`spec.addresses[${index}]`, range.problem)
    return []
  })
  const allocation = spec.serviceAllocation
  if (allocation) {
    const path = 'spec.serviceAllocation'
    problems.addDuplicates(`${path}.namespaces`, 'namespace', allocation.namespaces ?? [])
    checkSelectors(`${path}.namespaceSelectors`, allocation.namespaceSelectors ?? [], problems)
    checkSelectors(`${path}.serviceSelectors`, allocation.serviceSelectors ?? [], problems)
  }
  if (ranges.length === 0) return undefined
  return {
    name,
    labels,
    ranges,
    autoAssign: spec.autoAssign,
    avoidBuggyIPs: spec.avoidBuggyIPs,
    ...(allocation && {
      serviceAllocation: {
        priority: allocation.priority ?? 0,
        namespaces: allocation.namespaces ?? [],
        namespaceSelectors: allocation.namespaceSelectors ?? [],
        serviceSelectors: allocation.serviceSelectors ?? [],
      },
    }),
  }
}

/** Sorted by first address, so that overlaps are neighbours: pools may be many. */
export function checkOverlaps(pools: readonly Pool[], problems: Problem[]): void {
  const ranges = pools
    .flatMap((pool) => pool.ranges.map((range) => ({ pool: pool.name, range })))
    .sort((a, b) => compareRanges(a.range, b.range))
  let widest = ranges[0]
  for (const current of ranges.slice(1)) {
    if (widest && rangesOverlap(widest.range, current.range)) {
      // Told of the later pool by name, whichever of the two came first.
      const [first, second] = widest.pool <= current.pool ? [widest, current] : [current, widest]
      const message =
        `CIDR "${formatRange(second.range)}" in pool "${second.pool}" overlaps with already ` +
        `defined CIDR "${formatRange(first.range)}" in pool "${first.pool}"`
      const where = `IPAddressPool/${second.pool}`
      problems.push({ where, path: 'spec.addresses', message, transient: false })
    }
    if (
      !widest ||
      widest.range.family !== current.range.family ||
      current.range.last > widest.range.last
    ) {
      widest = current
    }
  }
}

const compareRanges = (a: Range, b: Range): number =>
  a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0)

/** Pools that an advertisement names or selects; all, where it does neither. */
export function advertisedPools(
  pools: readonly Pool[],
  names: readonly string[],
  selectors: readonly LabelSelector[],
): readonly Pool[] {
  if (names.length === 0 && selectors.length === 0) return pools
  // A pool that is named but not there (yet) is simply not announced, as in MetalLB.
  return pools.filter(
    ({ name, labels }) =>
      names.includes(name) || selectors.some((selector) => selects(selector, labels)),
  )
}
