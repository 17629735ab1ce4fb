/**
 * What is to become of a Service, found naively: every address of every pool is looked at, and every
 * holder of it. The rules are stated here anew, and not taken from the allocator.
 */
import type { Pool, Service } from '../../src/core/config/model.ts'
import type { LabelSelector, Labels } from '../../src/core/config/selector.ts'
import { formatIp } from '../../src/core/net/ip.ts'
import type { Family } from '../../src/core/net/ip.ts'

/** A Service, or one that is gone, and its addresses. */
export interface Holder {
  readonly service: Service
  readonly ips: readonly string[]
}

export interface Situation {
  readonly pools: readonly Pool[]
  /** Given only to who asks for them. */
  readonly reserved: ReadonlySet<string>
  /** All others. */
  readonly holders: readonly Holder[]
  readonly namespaceLabels: Labels
}

const familyOf = (ip: string): Family => (ip.includes(':') ? 6 : 4)

function addressesOf(pool: Pool): readonly string[] {
  const texts: string[] = []
  for (const { family, first, last } of pool.ranges) {
    for (let value = first; value <= last; value++) texts.push(formatIp({ family, value }))
  }
  return texts.filter((text) => !(pool.avoidBuggyIPs && /\.(0|255)$/.test(text)))
}

const said = (service: Service, name: string): string =>
  service.annotations[`metallb.io/${name}`] ??
  service.annotations[`metallb.universe.tf/${name}`] ??
  ''

/** Only `matchLabels`: the histories use nothing else. */
const matches = (selectors: readonly LabelSelector[], labels: Labels): boolean =>
  selectors.some(({ matchLabels = {} }) =>
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value),
  )

function admits({ serviceAllocation: rules }: Pool, service: Service, labels: Labels): boolean {
  if (!rules) return true
  const named = rules.namespaces.length + rules.namespaceSelectors.length > 0
  const byNamespace =
    rules.namespaces.includes(service.namespace) || matches(rules.namespaceSelectors, labels)
  if (named && !byNamespace) return false
  return rules.serviceSelectors.length === 0 || matches(rules.serviceSelectors, service.labels)
}

export function mayShare(a: Service, b: Service): boolean {
  const key = said(a, 'allow-shared-ip')
  if (key === '' || key !== said(b, 'allow-shared-ip')) return false
  const backends = ({ externalTrafficPolicy, selector }: Service) =>
    externalTrafficPolicy === 'Local' ? JSON.stringify(Object.entries(selector).sort()) : ''
  if (backends(a) !== backends(b)) return false
  return a.ports.every(
    ({ protocol, port }) => !b.ports.some((it) => it.protocol === protocol && it.port === port),
  )
}

/** `own`: what the Service has, or what is kept for it. Returns what it is to have. */
export function expectedIps(
  at: Situation,
  service: Service,
  own: readonly string[],
): readonly string[] {
  const { pools, holders, reserved, namespaceLabels } = at
  const clusterFamilies = new Set(service.clusterIPs.map(({ family }) => family))
  const families = ([4, 6] as const).filter((family) => clusterFamilies.has(family))
  if (service.ipFamilies[0] === 6) families.reverse()
  const { ipFamilyPolicy: policy } = service
  if (service.type !== 'LoadBalancer' || families.length === 0) return []
  if (policy === 'RequireDualStack' && families.length < 2) return []

  const free = (ip: string) =>
    holders.every((it) => !it.ips.includes(ip) || mayShare(it.service, service))
  const poolWith = (ips: readonly string[]) =>
    pools.find((pool) => ips.every((ip) => addressesOf(pool).includes(ip)))
  const allowed = (ips: readonly string[]) => {
    const pool = poolWith(ips)
    return pool !== undefined && admits(pool, service, namespaceLabels) && ips.every(free)
  }
  const lowest = (pool: Pool, family: Family) =>
    addressesOf(pool).find((ip) => familyOf(ip) === family && free(ip) && !reserved.has(ip))

  const annotated = said(service, 'loadBalancerIPs')
  const asked = (annotated || (service.loadBalancerIP ?? '')).split(',').filter((ip) => ip !== '')
  const askedWrongly =
    (annotated !== '' && service.loadBalancerIP !== undefined) ||
    (asked.length > 0 &&
      (asked.length !== families.length ||
        !families.every((family) => asked.some((ip) => familyOf(ip) === family))))
  const askedPool = said(service, 'address-pool')

  let ips = own.filter((ip) => families.includes(familyOf(ip)))
  if (ips.length > 0 && !allowed(ips)) ips = []
  if (askedWrongly) return ips
  if (ips.length > 0 && askedPool !== '' && poolWith(ips)?.name !== askedPool) ips = []
  if (asked.length > 0) {
    if (ips.length === asked.length && asked.every((ip) => ips.includes(ip))) return ips
    const fits = askedPool === '' || poolWith(asked)?.name === askedPool
    return fits && allowed(asked) ? asked : []
  }

  const rank = ({ serviceAllocation: rules }: Pool) => (rules ? rules.priority || 1e9 : 2e9)
  const usable = pools
    .filter((pool) => (askedPool === '' ? pool.autoAssign : pool.name === askedPool))
    .filter((pool) => admits(pool, service, namespaceLabels))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
  const choose = (wanted: readonly Family[]) => {
    for (const pool of usable) {
      const found = wanted.map((family) => lowest(pool, family))
      if (found.every((ip) => ip !== undefined)) return found
    }
    return []
  }
  if (ips.length === 0) {
    const attempts =
      policy === 'PreferDualStack' && families.length === 2
        ? [families, ...families.map((family) => [family])]
        : [families]
    return attempts.map(choose).find((found) => found.length > 0) ?? []
  }
  const missing = families.find((family) => !ips.some((ip) => familyOf(ip) === family))
  if (missing === undefined) return ips
  const pool = poolWith(ips)
  const second = pool && lowest(pool, missing)
  if (second !== undefined) return [...ips, second]
  const both = policy === 'PreferDualStack' ? [] : choose(families)
  return both.length > 0 ? both : ips
}
