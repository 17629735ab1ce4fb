/** What the core works on, once external objects have been parsed: plain, frozen, complete. */
import type { Family, Ip } from '../net/ip.ts'
import type { Range } from '../net/range.ts'
import type { LabelSelector, Labels } from './selector.ts'

export interface Pool {
  readonly name: string
  readonly labels: Labels
  /** In spec order; they never overlap, within a pool or across pools. */
  readonly ranges: readonly Range[]
  readonly autoAssign: boolean
  /** IPv4 addresses ending in .0 and .255 are not given out. */
  readonly avoidBuggyIPs: boolean
  /** Absent: every Service may use the pool. */
  readonly serviceAllocation?: {
    /** Lower is preferred; 0 is last. */
    readonly priority: number
    readonly namespaces: readonly string[]
    readonly namespaceSelectors: readonly LabelSelector[]
    readonly serviceSelectors: readonly LabelSelector[]
  }
}

export interface L2Advertisement {
  readonly name: string
  /** Names of the pools it advertises: listed ∪ selected; all pools if neither is given. */
  readonly pools: readonly string[]
  /** Empty: every node. */
  readonly nodeSelectors: readonly LabelSelector[]
  /** Exact names; empty: every interface that qualifies. */
  readonly interfaces: readonly string[]
  /** Empty: every Service. */
  readonly serviceSelectors: readonly LabelSelector[]
  readonly preferredNodeSelectors: readonly {
    readonly weight: number
    readonly preference: LabelSelector
  }[]
}

export interface Config {
  /** By name, sorted by name: no result depends on the order of arrival. */
  readonly pools: ReadonlyMap<string, Pool>
  readonly l2Advertisements: readonly L2Advertisement[]
}

/** One thing wrong with one object, for a person to mend. */
export interface Problem {
  /** `IPAddressPool/first`, the object at fault. */
  readonly where: string
  /** `spec.addresses[0]`; '' for the whole object. */
  readonly path: string
  /** One sentence: what was expected, what came. MetalLB's wording where users know it. */
  readonly message: string
  /** True if another object may still come and mend it (a pool that an advertisement names). */
  readonly transient: boolean
}

/** A Service as allocation and election see it. */
export interface Service {
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  /** RFC 3339 in UTC, so that text order is that of time. */
  readonly creationTimestamp?: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly type: string
  readonly loadBalancerClass?: string
  /** As text: `spec.loadBalancerIP`, unparsed, since a malformed one must be told of, not dropped. */
  readonly loadBalancerIP?: string
  /** Parsed `spec.clusterIPs`; empty for headless and not yet allocated ones. */
  readonly clusterIPs: readonly Ip[]
  readonly ipFamilies: readonly Family[]
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  readonly selector: Labels
  readonly ports: readonly { readonly protocol: string; readonly port: number }[]
  /** `status.loadBalancer.ingress[].ip` as text, in order; may hold what others wrote there. */
  readonly ingress: readonly string[]
}

/** A Node as election sees it. */
export interface Node {
  readonly name: string
  readonly labels: Labels
  /** Condition NetworkUnavailable is True. */
  readonly networkUnavailable: boolean
}

/** One endpoint of a Service (discovery.k8s.io EndpointSlice), as election sees it. */
export interface Endpoint {
  readonly nodeName?: string
  /** Ready is nil or true, or Serving is true: a terminating one that still serves counts. */
  readonly serving: boolean
}
