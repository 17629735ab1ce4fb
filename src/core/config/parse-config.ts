/**
 * From custom resources, as they came, to one frozen Config or all that is wrong with them. The rules
 * and their wording are MetalLB's (internal/config/config.go).
 */
import * as z from 'zod'
import { formatRange, parseRange, rangesOverlap } from '../net/range.ts'
import type { Range } from '../net/range.ts'
import { ipAddressPoolSpec } from './ip-address-pool.ts'
import { l2AdvertisementSpec } from './l2-advertisement.ts'
import type { Config, L2Advertisement, Pool, Problem } from './model.ts'
import { Problems } from './problems.ts'
import { metadata } from './schema.ts'
import { selects } from './selector.ts'
import type { LabelSelector } from './selector.ts'

export interface ConfigObjects {
  readonly pools: readonly unknown[]
  readonly l2Advertisements: readonly unknown[]
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const poolObject = z.object({ metadata, spec: ipAddressPoolSpec })
const l2AdvertisementObject = z.object({ metadata, spec: l2AdvertisementSpec.prefault({}) })

export function parseConfig(objects: ConfigObjects): ParsedConfig {
  const problems: Problem[] = []
  const pools = objects.pools.flatMap((object) => parsePool(object, problems) ?? []).sort(byName)
  checkOverlaps(pools, problems)
  const l2Advertisements = objects.l2Advertisements
    .flatMap((object) => parseL2Advertisement(object, pools, problems) ?? [])
    .sort(byName)
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) }
  const config = { pools: new Map(pools.map((pool) => [pool.name, pool])), l2Advertisements }
  return { ok: true, config: Object.freeze(config) }
}

function parsePool(object: unknown, all: Problem[]): Pool | undefined {
  const problems = new Problems(whereOf('IPAddressPool', object))
  const parsed = poolObject.safeParse(object)
  if (!parsed.success) {
    problems.addIssues(parsed.error)
    all.push(...problems.list)
    return undefined
  }
  const { metadata, spec } = parsed.data
  if (spec.addresses.length === 0) problems.add('spec.addresses', 'pool has no prefixes defined')
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
  all.push(...problems.list)
  if (problems.list.length > 0 && ranges.length === 0) return undefined
  return {
    name: metadata.name,
    labels: metadata.labels,
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
function checkOverlaps(pools: readonly Pool[], problems: Problem[]): void {
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

function parseL2Advertisement(
  object: unknown,
  pools: readonly Pool[],
  all: Problem[],
): L2Advertisement | undefined {
  const problems = new Problems(whereOf('L2Advertisement', object))
  const parsed = l2AdvertisementObject.safeParse(object)
  if (!parsed.success) {
    problems.addIssues(parsed.error)
    all.push(...problems.list)
    return undefined
  }
  const { metadata, spec } = parsed.data
  const { ipAddressPools: names = [], ipAddressPoolSelectors = [], nodeSelectors = [] } = spec
  const { interfaces = [], serviceSelectors = [], preferredNodeSelectors = [] } = spec
  problems.addDuplicates('spec.ipAddressPools', 'ipAddressPool', names)
  problems.addDuplicates('spec.interfaces', 'interface', interfaces)
  checkSelectors('spec.ipAddressPoolSelectors', ipAddressPoolSelectors, problems)
  checkSelectors('spec.nodeSelectors', nodeSelectors, problems)
  checkSelectors('spec.serviceSelectors', serviceSelectors, problems)
  all.push(...problems.list)
  // A pool that is named but not there (yet) is simply not announced, as in MetalLB.
  const everyPool = names.length === 0 && ipAddressPoolSelectors.length === 0
  const chosen = pools.filter(
    (pool) =>
      everyPool ||
      names.includes(pool.name) ||
      ipAddressPoolSelectors.some((selector) => selects(selector, pool.labels)),
  )
  return {
    name: metadata.name,
    pools: chosen.map((pool) => pool.name),
    nodeSelectors,
    interfaces,
    serviceSelectors,
    preferredNodeSelectors,
  }
}

/** Duplicate selectors, and expressions that Kubernetes itself would refuse. */
function checkSelectors(
  path: string,
  selectors: readonly LabelSelector[],
  problems: Problems,
): void {
  problems.addDuplicates(path, 'label selector', selectors)
  selectors.forEach((selector, index) => {
    const expressions = selector.matchExpressions ?? []
    const at = `${path}[${index}].matchExpressions`
    problems.addDuplicates(at, 'match expression', expressions)
    expressions.forEach(({ key, operator, values = [] }, position) => {
      const place = `${at}[${position}].values`
      const needsValues = operator === 'In' || operator === 'NotIn'
      if (needsValues && values.length === 0) {
        problems.add(place, `operator ${operator} of "${key}": expected values, got none`)
      }
      if (!needsValues && values.length > 0) {
        problems.add(
          place,
          `operator ${operator} of "${key}": expected no values, got ${values.length}`,
        )
      }
      problems.addDuplicates(place, 'match expression value', values)
    })
  })
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

const byPlace = (a: Problem, b: Problem): number =>
  a.where < b.where ? -1 : a.where > b.where ? 1 : a.path < b.path ? -1 : a.path > b.path ? 1 : 0

function whereOf(kind: string, object: unknown): string {
  const parsed = z.object({ metadata: z.object({ name: z.string() }) }).safeParse(object)
  return `${kind}/${parsed.success ? parsed.data.metadata.name : '?'}`
}
