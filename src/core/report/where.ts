/** Where an address is: on which node and interface, since when, why there, and who would be next. */
import type { Service } from '../config/model.ts'
import { EXCLUDE_LABEL } from '../election/candidacy.ts'
import { formatIp, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { rangeContains } from '../net/range.ts'
import { ipsOf, isOurs } from './allocation.ts'
import { Context } from './context.ts'
import { ageText } from './duration.ts'
import { explanationOf, stepsOf } from './explain.ts'
import { servicesNamed } from './named.ts'
import type { L2Status } from './objects.ts'
import type { Rival } from './speaker-words.ts'
import type { Snapshot } from './snapshot.ts'
import { formatTime, parseTime } from './time.ts'

export interface WhereReport {
  readonly asked: string
  /** One for each address; none: `message` says why. */
  readonly addresses: readonly Whereabouts[]
  readonly message?: string
}

export interface Whereabouts {
  readonly ip: string
  /** Who have it, `namespace/name`. */
  readonly services: readonly string[]
  readonly pool?: string
  /** Absent: nobody tells that it announces it. */
  readonly node?: string
  /** On which it is announced; those that qualify, as far as they are known. */
  readonly interfaces: readonly { readonly name: string; readonly mac?: string }[]
  /** RFC 3339. */
  readonly since?: string
  readonly age?: string
  readonly why?: string
  /** Who would have it if the node were gone. */
  readonly next?: string
  readonly takeover?: L2Status['takeover']
  /** `alone`: the owner hears nobody else use it. */
  readonly segment: 'alone' | 'rivals' | 'unknown'
  readonly rivals: readonly Rival[]
  /** What could not be seen, and why. */
  readonly notSeen: readonly string[]
  /** What to fix first, where it is not well. */
  readonly advice?: string
}

/** `asked`: an address, `namespace/name`, or a name. `namespace`: of a bare name; absent: any. */
export function where(snapshot: Snapshot, asked: string, namespace?: string): WhereReport {
  const missing = snapshot.unseen.services
  if (missing !== undefined) {
    return { asked, addresses: [], message: `the Services were not seen, because ${missing}` }
  }
  const context = new Context(snapshot)
  const ip = parseIp(asked)
  if (ip) {
    const text = formatIp(ip)
    if (context.holders(text).length > 0) return { asked, addresses: [whereIs(context, text)] }
    return { asked, addresses: [], message: nobodyHas(context, ip) }
  }
  const services = servicesNamed(snapshot, asked, namespace)
  if (services.length === 0)
    return { asked, addresses: [], message: `there is no Service ${asked}` }
  const ips = new Set(services.flatMap((service) => ipsOf(service).map(formatIp)))
  const addresses = [...ips]
    .filter((ip) => context.holders(ip).length > 0)
    .map((ip) => whereIs(context, ip))
  if (addresses.length > 0) return { asked, addresses }
  const keys = services.map(({ key }) => key)
  const message =
    keys.length === 1
      ? `Service ${keys[0] ?? ''} has no address: kubectl bellwether explain ${keys[0] ?? ''} tells why`
      : `none of the Services ${keys.join(', ')} has an address`
  return { asked, addresses: [], message }
}

function nobodyHas({ snapshot, allocation }: Context, ip: Ip): string {
  const text = formatIp(ip)
  const pool = [...snapshot.config.pools.values()].find(({ ranges }) =>
    ranges.some((range) => rangeContains(range, ip)),
  )
  const node = snapshot.nodes.find(({ addresses }) => addresses.includes(text))
  if (node) return `${text} is the address of node ${node.name}`
  if (!pool) return `no Service has ${text}, and it is in no IPAddressPool`
  const kept = allocation.allocator.keeper
    .list(pool.name)
    .find(({ ips }) => ips.some((it) => formatIp(it) === text))
  if (kept) return `no Service has ${text}; pool ${pool.name} keeps it for ${kept.service}`
  return `no Service has ${text}, which is in pool ${pool.name}`
}

/** Of an address that some Service has. */
export function whereIs(context: Context, ip: string): Whereabouts {
  const { snapshot, words } = context
  const holders = context.holders(ip)
  const [service] = holders.filter((it) => isOurs(snapshot, it))
  const [status] = holders.flatMap(({ key }) => context.statuses(key))
  const node = status?.node
  const view = node === undefined ? undefined : words.of(node)
  const word = words.owners(ip).find(({ by }) => by === node)
  const rivals = words.rivals(ip)
  const seen = node !== undefined && view?.packet !== undefined
  const next = service && node !== undefined ? nextOf(context, service, node, ip) : undefined
  const pool = service && context.election(service)?.pool.name
  const why = status?.why ?? word?.why
  const advice = service && adviceOf(context, service)
  return {
    ip,
    services: holders.map(({ key }) => key),
    ...(pool !== undefined && { pool }),
    ...(node !== undefined && { node }),
    interfaces: status && node !== undefined ? interfacesOf(context, status) : [],
    ...sinceOf(snapshot, status, word?.since),
    ...(why !== undefined && { why }),
    ...(next !== undefined && { next }),
    ...(status?.takeover && { takeover: status.takeover }),
    segment: rivals.length > 0 ? 'rivals' : seen ? 'alone' : 'unknown',
    rivals,
    notSeen: notSeen(context, node),
    ...(advice !== undefined && { advice }),
  }
}

function adviceOf(context: Context, service: Service): string | undefined {
  const { fix, advice } = explanationOf(service.key, [], stepsOf(context, service))
  return fix === undefined ? undefined : advice
}

function sinceOf(
  { at }: Snapshot,
  status: L2Status | undefined,
  ageMs: number | undefined,
): { readonly since?: string; readonly age?: string } {
  const began = parseTime(status?.since)
  if (began !== undefined) return { since: status?.since ?? '', age: ageText(at - began) }
  if (ageMs === undefined) return {}
  return { since: formatTime(at - ageMs), age: ageText(ageMs) }
}

/** The owner knows best; else as it is reckoned here. */
function nextOf(context: Context, service: Service, node: string, ip: string): string | undefined {
  const word = context.words.owners(ip).find(({ by }) => by === node)
  return word?.next ?? context.nextOwner(service.key, node)
}

function interfacesOf(
  { words }: Context,
  { node, interfaces }: L2Status,
): Whereabouts['interfaces'] {
  const there = words.of(node)?.interfaces
  if (!there) return interfaces.map((name) => ({ name }))
  return there.filter(({ name }) => interfaces.length === 0 || interfaces.includes(name))
}

function notSeen({ snapshot, words }: Context, node: string | undefined): string[] {
  const { l2Statuses, pods, nodes } = snapshot.unseen
  return [
    ...(l2Statuses === undefined ? [] : [`who announces it: ${l2Statuses}`]),
    ...(pods === undefined ? [] : [`the speakers' pods: ${pods}`]),
    ...(nodes === undefined ? [] : [`the nodes: ${nodes}`]),
    ...(node === undefined || words.of(node) ? [] : [`what ${node} hears: ${words.whyNot(node)}`]),
  ]
}

/** True of a node that `drain` or somebody else has taken out. */
export const isExcluded = ({ nodes, flags }: Snapshot, name: string): boolean =>
  !flags.ignoreExcludeLabel &&
  nodes.some((node) => node.name === name && Object.hasOwn(node.labels, EXCLUDE_LABEL))
