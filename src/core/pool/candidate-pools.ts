/** Which pools a Service may take addresses from, in which order, and why not from the others. */
import type { Pool, Service } from '../config/model.ts'
import { selects } from '../config/selector.ts'
import type { Labels } from '../config/selector.ts'
import { unknownPool } from './explain.ts'
import type { PassedOver } from './explain.ts'

export interface Candidates {
  /** Best first: pools made for the Service by priority, then open ones; ties by name. */
  readonly pools: readonly Pool[]
  readonly passedOver: PassedOver[]
}

/** `wanted`: the pool that the Service asks for by annotation. */
export function candidatePools(
  all: ReadonlyMap<string, Pool>,
  service: Service,
  wanted: string | undefined,
  namespaceLabels: Labels,
): Candidates {
  if (wanted !== undefined) {
    const pool = all.get(wanted)
    const because = pool ? refusesService(pool, service, namespaceLabels) : unknownPool(all)
    if (!pool || because !== undefined) {
      return { pools: [], passedOver: [{ pool: wanted, because: because ?? '' }] }
    }
    return { pools: [pool], passedOver: [] }
  }
  const passedOver: PassedOver[] = []
  const pools: Pool[] = []
  for (const pool of all.values()) {
    const because = pool.autoAssign
      ? refusesService(pool, service, namespaceLabels)
      : 'autoAssign is false'
    if (because === undefined) pools.push(pool)
    else passedOver.push({ pool: pool.name, because })
  }
  return { pools: pools.sort(byPreference), passedOver }
}

/** Why the Service may not use the pool at all, or undefined. */
export function refusesService(
  pool: Pool,
  service: Service,
  namespaceLabels: Labels,
): string | undefined {
  const allocation = pool.serviceAllocation
  if (!allocation) return undefined
  const { namespaces, namespaceSelectors, serviceSelectors } = allocation
  const byNamespace = namespaces.length > 0 || namespaceSelectors.length > 0
  if (
    byNamespace &&
    !namespaces.includes(service.namespace) &&
    !namespaceSelectors.some((selector) => selects(selector, namespaceLabels))
  ) {
    return `namespace "${service.namespace}" is not selected`
  }
  if (
    serviceSelectors.length > 0 &&
    !serviceSelectors.some((selector) => selects(selector, service.labels))
  ) {
    return 'the service is not selected'
  }
  return undefined
}

/** 0 comes last, and so does a pool that is open to all. */
function byPreference(a: Pool, b: Pool): number {
  const rank = (pool: Pool) =>
    pool.serviceAllocation ? pool.serviceAllocation.priority || Number.MAX_SAFE_INTEGER : Infinity
  const [first, second] = [rank(a), rank(b)]
  if (first !== second) return first < second ? -1 : 1
  return a.name < b.name ? -1 : 1
}
