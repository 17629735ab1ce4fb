/** L2Advertisements, as they came, to what the election works on. */
import { checkSelector, checkSelectors } from './check-selectors.ts'
import { l2AdvertisementSpec } from './l2-advertisement.ts'
import type { L2Advertisement, Pool, Problem } from './model.ts'
import { parseObject } from './object.ts'
import { advertisedPools } from './parse-pool.ts'

export function parseL2Advertisement(
  object: unknown,
  pools: readonly Pool[],
  all: Problem[],
): L2Advertisement | undefined {
  const schema = l2AdvertisementSpec.prefault({})
  const parsed = parseObject('L2Advertisement', schema, object, all)
  if (!parsed) return undefined
  const { name, spec, problems } = parsed
  const { ipAddressPools: names = [], ipAddressPoolSelectors = [], nodeSelectors = [] } = spec
  const { interfaces = [], serviceSelectors = [], preferredNodeSelectors = [] } = spec
  problems.addDuplicates('spec.ipAddressPools', 'ipAddressPools', names)
  problems.addDuplicates('spec.interfaces', 'interfaces', interfaces)
  checkSelectors('spec.ipAddressPoolSelectors', ipAddressPoolSelectors, problems)
  checkSelectors('spec.nodeSelectors', nodeSelectors, problems)
  checkSelectors('spec.serviceSelectors', serviceSelectors, problems)
  preferredNodeSelectors.forEach(({ preference }, index) =>
    checkSelector(`spec.preferredNodeSelectors[${index}].preference`, preference, problems),
  )
  return {
    name,
    pools: advertisedPools(pools, names, ipAddressPoolSelectors).map((pool) => pool.name),
    nodeSelectors,
    interfaces,
    serviceSelectors,
    preferredNodeSelectors,
  }
}
