/** Who may announce a Service that has an address: endpoints, advertisements, nodes. */
import type { L2Advertisement, Service } from '../config/model.ts'
import {
  EXCLUDE_LABEL,
  elect,
  interfacesOn,
  matchingAdvertisements,
} from '../election/candidacy.ts'
import type { Unfit } from '../election/candidacy.ts'
import { sharingOf } from '../pool/sharing.ts'
import { electionInput } from './context.ts'
import type { Context, Election } from './context.ts'
import { DRAIN_VALUE } from './drain.ts'
import { objectOf } from './service-steps.ts'
import { broken, few, ok, unknown, warning } from './step.ts'
import type { Step } from './step.ts'

/** The API keeps events for an hour. */
const EVENT_MS = 3_600_000

export function endpointsStep({ snapshot }: Context, service: Service): Step {
  const name = 'endpoints'
  const missing = snapshot.unseen.endpointSlices
  if (missing !== undefined) return unknown(name, missing)
  const endpoints = snapshot.endpoints.get(service.key) ?? []
  const serving = endpoints.filter((endpoint) => endpoint.serving)
  const nodes = [...new Set(serving.flatMap(({ nodeName }) => nodeName ?? []))].sort()
  if (serving.length > 0) {
    const where = nodes.length > 0 ? ` on ${few(nodes)}` : ''
    return ok(name, `${serving.length} of ${endpoints.length} ready or serving${where}`)
  }
  const selector = Object.entries(service.selector).map(([label, value]) => `${label}=${value}`)
  const pods = `kubectl -n ${service.namespace} get pods -l ${selector.join(',')}`
  if (endpoints.length > 0) {
    const text = `none of its ${endpoints.length} endpoints is ready or serving: no node announces it`
    const remedy = `get the pods of Service ${service.key} ready: ${pods}`
    return broken(name, text, objectOf(service), remedy)
  }
  const text = 'it has none: no node announces it'
  const remedy =
    selector.length > 0
      ? `start pods with the labels ${selector.join(', ')} in namespace ${service.namespace}, or correct spec.selector of Service ${service.key}`
      : `give Service ${service.key} a spec.selector, or EndpointSlices of its own`
  return broken(name, text, objectOf(service), remedy)
}

export function policyStep({ snapshot }: Context, service: Service): Step {
  const name = 'traffic policy'
  if (service.externalTrafficPolicy === 'Cluster') {
    return ok(name, 'externalTrafficPolicy Cluster: any node may announce it')
  }
  const endpoints = snapshot.endpoints.get(service.key) ?? []
  const serving = endpoints.filter((endpoint) => endpoint.serving)
  const nodes = [...new Set(serving.flatMap(({ nodeName }) => nodeName ?? []))].sort()
  return ok(
    name,
    `externalTrafficPolicy Local: only nodes with an endpoint may announce it: ${few(nodes) || 'none'}`,
  )
}

export function advertisementStep(context: Context, service: Service, election: Election): Step {
  const name = 'advertisement'
  const { config, unseen } = context.snapshot
  if (unseen.l2Advertisements !== undefined) return unknown(name, unseen.l2Advertisements)
  const { pool, advertisements } = election
  const all = config.l2Advertisements
  const others = all.filter((ad) => !advertisements.includes(ad))
  const reasons = others.map((ad) => `${ad.name}: ${whyNotAd(ad, pool.name)}`)
  if (advertisements.length === 0) {
    const text = `none is for pool ${pool.name} and selects the Service`
    const selecting = others.find((ad) => ad.pools.includes(pool.name))
    const remedy = selecting
      ? `let spec.serviceSelectors of L2Advertisement ${selecting.name} select Service ${service.key}, by its labels`
      : `create an L2Advertisement with spec.ipAddressPools: [${pool.name}]`
    const object = selecting ? `L2Advertisement/${selecting.name}` : `IPAddressPool/${pool.name}`
    return broken(name, text, object, remedy, reasons)
  }
  const narrow = advertisements.find((ad) => ad.serviceSelectors.length > 0)
  if (narrow && sharingOf(service).key !== '') {
    const text = `${narrow.name} has serviceSelectors, and the Service may share its address: such are not announced`
    const remedy = `take serviceSelectors out of L2Advertisement ${narrow.name}, or metallb.io/allow-shared-ip out of Service ${service.key}`
    return broken(name, text, `L2Advertisement/${narrow.name}`, remedy)
  }
  return ok(name, few(advertisements.map((ad) => ad.name)), reasons)
}

const whyNotAd = (ad: L2Advertisement, pool: string): string =>
  ad.pools.includes(pool)
    ? 'its serviceSelectors do not select the Service'
    : `not for pool ${pool}`

/** For people, after MetalLB's word. */
const UNFIT: Readonly<Record<Unfit, string>> = {
  nodeNotSelected: 'no nodeSelectors of the advertisements select it',
  nodeLabeledExcludeBalancers: `it is labelled ${EXCLUDE_LABEL}`,
  nodeNetworkUnavailable: 'its condition NetworkUnavailable is True',
  noLocalEndpoints: 'externalTrafficPolicy is Local, and it has no endpoint',
}

export function candidatesStep(context: Context, service: Service, election: Election): Step {
  const name = 'candidates'
  const { nodes, unseen } = context.snapshot
  const { order, unfit } = election
  if (unseen.nodes !== undefined) return unknown(name, unseen.nodes)
  const details = nodes.map((node) => {
    const reason = unfit[node.name]
    return `${node.name}: ${reason ? `${reason}: ${UNFIT[reason]}` : 'may'}`
  })
  if (order.length > 0) return ok(name, `${order.length} of ${nodes.length} nodes`, details)
  if (election.verdict.refusal !== 'noEligibleNode') {
    const may = nodes.filter((node) => unfit[node.name] === undefined).length
    const then = 'none, as said above'
    return ok(name, may > 0 ? `${then}; else ${may} of ${nodes.length} nodes` : then, details)
  }
  const [object, remedy] = unfitRemedy(context, service, election)
  return broken(name, 'no node may announce it', object, remedy, details)
}

/** What is least to be done that one node may. */
function unfitRemedy(
  { snapshot }: Context,
  service: Service,
  { pool, unfit, advertisements }: Election,
): readonly [object: string, remedy: string] {
  const input = electionInput(snapshot, service)
  const by = (reason: Unfit) => snapshot.nodes.filter(({ name }) => unfit[name] === reason)
  const [lacking] = by('noLocalEndpoints')
  if (lacking) {
    const names = few(by('noLocalEndpoints').map(({ name }) => name))
    const remedy = `run a pod of Service ${service.key} on a node that may announce it (${names}), or set its spec.externalTrafficPolicy to Cluster`
    return [objectOf(service), remedy]
  }
  const [cut] = by('nodeNetworkUnavailable')
  if (cut) {
    const remedy = `repair the network of node ${cut.name}: its condition NetworkUnavailable is True`
    return [`Node/${cut.name}`, remedy]
  }
  // Of the excluded those that could do it without the label.
  const without = elect({ ...input, ignoreExcludeLabel: true })
  const freed = without.candidacies[0]?.order[0]
  const excluded = snapshot.nodes.find(({ name }) => name === freed)
  if (excluded) {
    const drained = excluded.labels[EXCLUDE_LABEL] === DRAIN_VALUE
    const remedy = drained
      ? `kubectl bellwether undrain ${excluded.name}`
      : `take the label from node ${excluded.name}: kubectl label node ${excluded.name} ${EXCLUDE_LABEL}-`
    return [`Node/${excluded.name}`, remedy]
  }
  const ad = advertisements[0] ?? matchingAdvertisements(service, pool, snapshot.config)[0]
  const remedy = `let spec.nodeSelectors of L2Advertisement ${ad?.name ?? '?'} select a node that may announce`
  return [`L2Advertisement/${ad?.name ?? '?'}`, remedy]
}

/** Whether the interfaces that advertisements list are there, on the nodes that may announce. */
export function interfacesStep(context: Context, service: Service, election: Election): Step {
  const name = 'interfaces'
  const { order, advertisements } = election
  const checked = order.map((node) => ({ node, ...interfaceOf(context, election, node) }))
  const [first] = advertisements.filter((ad) => ad.interfaces.length > 0)
  const lacking = checked.filter(({ lacks }) => lacks !== undefined)
  const details = lacking.map(({ node, lacks }) => `${node}: ${lacks ?? ''}`)
  if (lacking.length > 0 && lacking.length === order.length) {
    const text = `no node that may announce it has an interface for it`
    const [object, remedy] = first
      ? [
          `L2Advertisement/${first.name}`,
          `name in spec.interfaces of L2Advertisement ${first.name} one that ${few(order)} has and that is up`,
        ]
      : [`Node/${order[0] ?? ''}`, `bring an interface of node ${order[0] ?? ''} up`]
    return broken(name, text, object, remedy, details)
  }
  if (lacking[0]) {
    const { node } = lacking[0]
    const text = `not there on ${few(lacking.map((it) => it.node))}`
    const remedy = `bring the interface up on node ${node}, or name another in ${first ? `L2Advertisement ${first.name}` : 'an L2Advertisement'}`
    return warning(name, text, `Node/${node}`, remedy, details)
  }
  const unasked = checked.filter(({ seen }) => !seen)
  const failed = context.lastEvent(service.key, ['announceFailed', 'nodeAssigned'], EVENT_MS)
  // Where no speaker could be asked an event must do; what they say now is newer.
  const silent = unasked.length > 0 && context.statuses(service.key).length === 0
  if (first && silent && failed?.reason === 'announceFailed') {
    const remedy = `name in spec.interfaces of L2Advertisement ${first.name} one that ${few(order)} has and that is up`
    return broken(name, failed.message, `L2Advertisement/${first.name}`, remedy)
  }
  const listed = [...new Set(advertisements.flatMap((ad) => ad.interfaces))].sort()
  const text = listed.length > 0 ? `only ${few(listed)}` : 'all that qualify'
  if (listed.length > 0 && unasked.length > 0) {
    const [some] = unasked
    return unknown(name, `${context.words.whyNot(some?.node)} (advertised on ${few(listed)})`)
  }
  return ok(name, text)
}

function interfaceOf(
  { words, snapshot }: Context,
  { advertisements }: Election,
  name: string,
): { readonly seen: boolean; readonly lacks?: string } {
  const node = snapshot.nodes.find((it) => it.name === name)
  const listed = node ? interfacesOn(node, advertisements) : 'all'
  const down = words.uplinks(name)
  const there = words.of(name)?.interfaces?.map((it) => it.name)
  if (listed === 'all') {
    const none = down['*'] === 'down' || there?.length === 0
    return { seen: there !== undefined, ...(none && { lacks: 'no interface qualifies' }) }
  }
  const lacks = there
    ? !listed.some((it) => there.includes(it))
    : listed.length > 0 && listed.every((it) => down[it] === 'down')
  const has = there ? `, usable are ${few(there) || 'none'}` : ''
  return {
    seen: there !== undefined || words.member(name) !== undefined,
    ...(lacks && { lacks: `wanted is one of ${few(listed)}${has}` }),
  }
}
