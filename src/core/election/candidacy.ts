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
import type { Seat } from './spread.ts'

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
  /** Those of each node whose advertisements list any; another announces it on all that qualify. */
  readonly uplinks?: Readonly<Record<string, readonly string[]>>
  /** Sums of the preferredNodeSelectors weights of the nodes that have any. */
  readonly weights?: Readonly<Record<string, number>>
  /** Its place in an even spread; absent: it has none of its own. */
  readonly seat?: Seat
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

/** Why a node may not; the words are those of MetalLB's BGP, which has such reasons. */
export type Unfit =
  'nodeNotSelected' | 'nodeLabeledExcludeBalancers' | 'nodeNetworkUnavailable' | 'noLocalEndpoints'

/** What the API says about announcing one Service. */
export interface Verdict {
  /** One for each of its addresses; none if nobody may announce it. */
  readonly candidacies: readonly Candidacy[]
  readonly refusal?: NoCandidacy
  /** Where no node may: why not, by node. */
  readonly unfit?: Readonly<Record<string, Unfit>>
  /**
   * Nodes that are to have it if they live and have an endpoint, all preferred alike, best first: what
   * comes and goes does not count here. Empty where that is not what keeps it from being announced.
   */
  readonly seats: readonly string[]
}

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

/** Who may announce the Service, or why nobody may. */
export function elect(input: ElectionInput): Verdict {
  const { service, config } = input
  if (service.type !== 'LoadBalancer') return refused('notLoadBalancer')
  const ips = service.ingress.map(parseIp).filter((ip) => ip !== undefined)
  const [first] = ips
  if (!first) return refused('noAddress')
  const pool = poolOf(ips, config)
  if (!pool) return refused('noPool')
  const advertisements = matchingAdvertisements(service, pool, config)
  if (advertisements.length === 0) return refused('noMatchingAdvertisement')
  if (input.shared && advertisements.some((ad) => ad.serviceSelectors.length > 0)) {
    return refused('sharedIPWithServiceSelector')
  }

  const advertised = input.nodes.filter(
    (node) => permanentlyUnfit(node, input, advertisements) === undefined,
  )
  const weights = new Map(advertised.map((node) => [node.name, preference(node, advertisements)]))
  const candidates = [...weights].map(([name, weight]) => ({ name, weight }))
  // MetalLB hashes the first address for both families, so that they land on one node.
  const lasting = electionOrder(candidates, formatIp(first))
  const most = weights.get(lasting[0] ?? '')
  const seats = lasting.filter((name) => weights.get(name) === most)

  if (!input.endpoints.some((endpoint) => endpoint.serving)) return refused('noEndpoints', seats)
  const passing = passinglyUnfit(input)
  const order = lasting.filter((name) => passing(name) === undefined)
  if (order.length === 0) {
    return { ...refused('noEligibleNode', seats), unfit: unfitNodes(input, advertisements) }
  }
  const uplinks = uplinksOf(input.nodes, order, advertisements)
  const preferring = [...weights].filter(([, weight]) => weight > 0)
  const common = {
    service: service.key,
    order,
    interfaces: interfacesOf(input, advertisements),
    ...(uplinks && { uplinks }),
    ...(preferring.length > 0 && { weights: Object.fromEntries(preferring) }),
  }
  return { candidacies: ips.map((ip) => ({ ...common, ip: formatIp(ip) })), seats }
}

const refused = (refusal: NoCandidacy, seats: readonly string[] = []): Verdict => ({
  candidacies: [],
  refusal,
  seats,
})

/** The pool that holds all of the addresses: those of one Service come from one pool. */
export function poolOf(ips: readonly Ip[], config: Config): Pool | undefined {
  for (const pool of config.pools.values()) {
    if (ips.every((ip) => pool.ranges.some((range) => rangeContains(range, ip)))) return pool
  }
  return undefined
}

/** Those that are for its pool and select it. */
export function matchingAdvertisements(
  service: Service,
  pool: Pool,
  config: Config,
): L2Advertisement[] {
  return config.l2Advertisements.filter(
    (ad) => ad.pools.includes(pool.name) && selectsAny(ad.serviceSelectors, service.labels),
  )
}

/** By name, the nodes that may not announce it, and why not. `advertisements`: those that match. */
export function unfitNodes(
  input: ElectionInput,
  advertisements: readonly L2Advertisement[],
): Record<string, Unfit> {
  const passing = passinglyUnfit(input)
  const reasons = input.nodes.flatMap((node) => {
    const reason = permanentlyUnfit(node, input, advertisements) ?? passing(node.name)
    return reason ? [[node.name, reason] as const] : []
  })
  return Object.fromEntries(reasons)
}

function permanentlyUnfit(
  node: Node,
  { ignoreExcludeLabel }: ElectionInput,
  advertisements: readonly L2Advertisement[],
): Unfit | undefined {
  if (!ignoreExcludeLabel && Object.hasOwn(node.labels, EXCLUDE_LABEL)) {
    return 'nodeLabeledExcludeBalancers'
  }
  const selected = advertisements.some((ad) => selectsAny(ad.nodeSelectors, node.labels))
  return selected ? undefined : 'nodeNotSelected'
}

/** By name of a node. */
function passinglyUnfit(input: ElectionInput): (name: string) => Unfit | undefined {
  const local = input.service.externalTrafficPolicy === 'Local'
  const serving = input.endpoints.filter((endpoint) => endpoint.serving)
  const withEndpoint = new Set(serving.map((endpoint) => endpoint.nodeName))
  const cutOff = new Set(
    input.nodes.filter((node) => node.networkUnavailable).map(({ name }) => name),
  )
  return (name) => {
    if (cutOff.has(name)) return 'nodeNetworkUnavailable'
    return local && !withEndpoint.has(name) ? 'noLocalEndpoints' : undefined
  }
}

/** Weights add up over all advertisements that match the Service, as in MetalLB. */
function preference(node: Node, advertisements: readonly L2Advertisement[]): number {
  return advertisements
    .flatMap((ad) => ad.preferredNodeSelectors)
    .filter(({ preference }) => selects(preference, node.labels))
    .reduce((sum, { weight }) => sum + weight, 0)
}

function interfacesOf(
  input: ElectionInput,
  advertisements: readonly L2Advertisement[],
): readonly string[] | 'all' {
  const self = input.nodes.find((node) => node.name === input.self)
  return self ? interfacesOn(self, advertisements) : []
}

/** The union over the node's advertisements; one without a list means every interface. */
export function interfacesOn(
  { labels }: Node,
  advertisements: readonly L2Advertisement[],
): readonly string[] | 'all' {
  const own = advertisements.filter((ad) => selectsAny(ad.nodeSelectors, labels))
  if (own.some((ad) => ad.interfaces.length === 0)) return 'all'
  return [...new Set(own.flatMap((ad) => ad.interfaces))].sort()
}

/** Of the candidates; undefined where nothing is listed for any of them. */
function uplinksOf(
  nodes: readonly Node[],
  order: readonly string[],
  advertisements: readonly L2Advertisement[],
): Record<string, readonly string[]> | undefined {
  if (advertisements.every((ad) => ad.interfaces.length === 0)) return undefined
  const candidates = new Set(order)
  const listed = nodes.flatMap((node) => {
    const interfaces = candidates.has(node.name) ? interfacesOn(node, advertisements) : 'all'
    return interfaces === 'all' ? [] : [[node.name, interfaces] as const]
  })
  return Object.fromEntries(listed)
}

/** Selectors are alternatives; none at all selects everything. */
const selectsAny = (
  selectors: L2Advertisement['nodeSelectors'],
  labels: Readonly<Record<string, string>>,
): boolean => selectors.length === 0 || selectors.some((selector) => selects(selector, labels))
