/** What draining a node means for the addresses that it has. */
import { ALLOW_SHARED_IP, annotation } from '../config/annotations.ts'
import type { Config, Endpoint, Node, Service } from '../config/model.ts'
import { EXCLUDE_LABEL, elect } from '../election/candidacy.ts'
import type { NoCandidacy } from '../election/candidacy.ts'
import { announcers } from './announcers.ts'
import type { Snapshot } from './snapshot.ts'

/** Value of EXCLUDE_LABEL by which undrain knows that drain put it there. */
export const DRAIN_VALUE = 'bellwether-drain'

export interface DrainInput {
  readonly node: string
  readonly nodes: readonly Node[]
  readonly services: readonly Service[]
  /** By Service, `namespace/name`. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>
  readonly config: Config
  /** The node that announces a Service, by `namespace/name`. */
  readonly owners: ReadonlyMap<string, string>
}

export interface DrainPlan {
  /** Services whose addresses the node gives away. */
  readonly moving: readonly Moving[]
  /** Those that no other node may announce: they would be out of reach. */
  readonly stranded: readonly (Moving & { readonly why: NoCandidacy })[]
}

export interface Moving {
  /** `namespace/name`. */
  readonly service: string
  readonly addresses: readonly string[]
}

export function drainPlanOf(snapshot: Snapshot, node: string): DrainPlan {
  const { nodes, services, endpoints, config } = snapshot
  return drainPlan({ node, nodes, services, endpoints, config, owners: announcers(snapshot) })
}

export function drainPlan(input: DrainInput): DrainPlan {
  const { node, services, endpoints, config, owners } = input
  const without = input.nodes.map((it) =>
    it.name === node ? { ...it, labels: { ...it.labels, [EXCLUDE_LABEL]: DRAIN_VALUE } } : it,
  )
  const owned = services.filter(({ key }) => owners.get(key) === node)
  const judged = owned.map((service) => {
    const verdict = elect({
      service,
      endpoints: endpoints.get(service.key) ?? [],
      config,
      nodes: without,
      self: node,
      ignoreExcludeLabel: false,
      shared: Boolean(annotation(service.annotations, ALLOW_SHARED_IP)),
    })
    const moving = { service: service.key, addresses: service.ingress }
    return { moving, why: verdict.refusal }
  })
  return {
    moving: judged.flatMap(({ moving, why }) => (why === undefined ? [moving] : [])),
    stranded: judged.flatMap(({ moving, why }) => (why === undefined ? [] : [{ ...moving, why }])),
  }
}
