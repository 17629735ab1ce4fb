/**
 * Who may announce a Service's addresses, and in which order: MetalLB's rule
 * (speaker/layer2_controller.go, ShouldAnnounce), split so that the part that needs the API is
 * computed ahead of time. The owner is then the first of the order that is alive.
 */
import { selects } from '../config/selector.ts'
import type { Config, Endpoint, L2Advertisement, Node, Pool, Service } from '../config/model.ts'
import { formatIp, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { rangeContains } from '../net/range.ts'
import { electionOrder } from './order.ts'
import type { Candidate } from './order.ts'

/** One address of one Service, and who may announce it. */
export interface Candidacy {
  /** `namespace/name`. */
  readonly service: string
  /** Canonical text. */
  readonly ip: string
  /** All eligible nodes, best first: the owner is the first that is alive. */
  readonly order: readonly string[]
  /** Interfaces this node announces it on; 'all' that qualify. */
  readonly interfaces: readonly string[] | 'all'
}

/** Why nobody may announce a Service; the words are MetalLB's where it has one. */
export type NoCandidacy =
  | 'notLoadBalancer'
  | 'noAddress'
  | 'noPool'
  | 'noMatchingAdvertisement'
  | 'sharedIPWithServiceSelector'
  | 'noEndpoints'
  | 'noEligibleNode'

export interface ElectionInput {
  readonly service: Service
  readonly endpoints: readonly Endpoint[]
  readonly config: Config
  readonly nodes: readonly Node[]
  /** This speaker's node: whose interfaces are asked for. */
  readonly self: string
  /** `--ignore-exclude-lb`. */
  readonly ignoreExcludeLabel: boolean
  /** True if the Service carries a sharing key (`allow-shared-ip`). */
  readonly shared: boolean
}

export const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** The Service's candidacies, one for each of its addresses, or why there are none. */
export function candidacies(input: ElectionInput): readonly Candidacy[] | NoCandidacy {
  const { service, config } = input
  if (service.type !== 'LoadBalancer') return 'notLoadBalancer'
  const ips = service.ingress.map(parseIp).filter((ip) => ip !== undefined)
  const [first] = ips
  if (!first) return 'noAddress'
  const pool = poolOf(ips, config)
  if (!pool) return 'noPool'
  const advertisements = matchingAdvertisements(service, pool, config)
  if (advertisements.length === 0) return 'noMatchingAdvertisement'
  if (input.shared && advertisements.some((ad) => ad.serviceSelectors.length > 0)) {
    return 'sharedIPWithServiceSelector'
  }
  if (!input.endpoints.some((endpoint) => endpoint.serving)) return 'noEndpoints'
  const candidates = eligibleNodes(input, advertisements)
  if (candidates.length === 0) return 'noEligibleNode'

  // MetalLB hashes the first address for both families, so that they land on one node.
  const order = electionOrder(candidates, formatIp(first))
  const interfaces = interfacesOf(input, advertisements)
  return ips.map((ip) => ({ service: service.key, ip: formatIp(ip), order, interfaces }))
}

/** The pool that holds all of the addresses: those of one Service come from one pool. */
export function poolOf(ips: readonly Ip[], config: Config): Pool | undefined {
  for (const pool of config.pools.values()) {
    if (ips.every((ip) => pool.ranges.some((range) => rangeContains(range, ip)))) return pool
  }
  return undefined
}

function matchingAdvertisements(service: Service, pool: Pool, config: Config): L2Advertisement[] {
  return config.l2Advertisements.filter(
    (ad) => ad.pools.includes(pool.name) && selectsAny(ad.serviceSelectors, service.labels),
  )
}

function eligibleNodes(input: ElectionInput, advertisements: L2Advertisement[]): Candidate[] {
  const local = input.service.externalTrafficPolicy === 'Local'
  const withEndpoint = new Set(
    input.endpoints.filter((endpoint) => endpoint.serving).map((endpoint) => endpoint.nodeName),
  )
  return input.nodes
    .filter((node) => !node.networkUnavailable)
    .filter((node) => input.ignoreExcludeLabel || !Object.hasOwn(node.labels, EXCLUDE_LABEL))
    .filter((node) => !local || withEndpoint.has(node.name))
    .filter((node) => advertisements.some((ad) => selectsAny(ad.nodeSelectors, node.labels)))
    .map((node) => ({ name: node.name, weight: preference(node, advertisements) }))
}

/** Weights add up over all advertisements that match the Service, as in MetalLB. */
function preference(node: Node, advertisements: readonly L2Advertisement[]): number {
  return advertisements
    .flatMap((ad) => ad.preferredNodeSelectors)
    .filter(({ preference }) => selects(preference, node.labels))
    .reduce((sum, { weight }) => sum + weight, 0)
}

/** The union over this node's advertisements; one without a list means every interface. */
function interfacesOf(
  input: ElectionInput,
  advertisements: readonly L2Advertisement[],
): readonly string[] | 'all' {
  const self = input.nodes.find((node) => node.name === input.self)
  if (!self) return []
  const own = advertisements.filter((ad) => selectsAny(ad.nodeSelectors, self.labels))
  if (own.some((ad) => ad.interfaces.length === 0)) return 'all'
  return [...new Set(own.flatMap((ad) => ad.interfaces))].sort()
}

/** Selectors are alternatives; none at all selects everything. */
const selectsAny = (
  selectors: L2Advertisement['nodeSelectors'],
  labels: Readonly<Record<string, string>>,
): boolean => selectors.length === 0 || selectors.some((selector) => selects(selector, labels))
