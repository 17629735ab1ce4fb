/**
 * From custom resources, as they came, to one frozen Config or all that is wrong with them. The rules
 * and their wording are MetalLB's (internal/config/config.go).
 */
import { checkBgp } from './check-bgp.ts'
import type { BgpObjects } from './check-bgp.ts'
import type { Config, Problem } from './model.ts'
import { byName } from './object.ts'
import { parseL2Advertisement } from './parse-l2-advertisement.ts'
import { checkOverlaps, parsePool } from './parse-pool.ts'

export interface ConfigObjects extends BgpObjects {
  readonly pools: readonly unknown[]
  readonly l2Advertisements: readonly unknown[]
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function parseConfig(objects: ConfigObjects): ParsedConfig {
  const problems: Problem[] = []
  const pools = objects.pools.flatMap((object) => parsePool(object, problems) ?? []).sort(byName)
  checkOverlaps(pools, problems)
  const l2Advertisements = objects.l2Advertisements
    .flatMap((object) => parseL2Advertisement(object, pools, problems) ?? [])
    .sort(byName)
  checkBgp(objects, pools, problems)
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) }
  const config = { pools: new Map(pools.map((pool) => [pool.name, pool])), l2Advertisements }
  return { ok: true, config: Object.freeze(config) }
}

const byPlace = (a: Problem, b: Problem): number =>
  a.where < b.where ? -1 : a.where > b.where ? 1 : a.path < b.path ? -1 : a.path > b.path ? 1 : 0
