/** All at one look: what is wrong, the speakers, the pools, and where every address is. */
import type { Family } from '../net/ip.ts'
import { compareIp, formatIp } from '../net/ip.ts'
import { ipsOf, isOurs } from './allocation.ts'
import { Context } from './context.ts'
import { ageText } from './duration.ts'
import { problemsOf } from './problems.ts'
import type { Problem } from './problems.ts'
import type { Snapshot } from './snapshot.ts'
import { parseTime } from './time.ts'
import { isExcluded } from './where.ts'

export interface StatusReport {
  readonly problems: readonly Problem[]
  readonly controllers: { readonly ready: number; readonly pods: number }
  /** Nodes, and speakers where there is no node of theirs. */
  readonly speakers: readonly SpeakerRow[]
  readonly pools: readonly PoolRow[]
  /** By address. */
  readonly addresses: readonly AddressRow[]
  /** Services that wait for one, `namespace/name`. */
  readonly waiting: readonly string[]
  /** Why a part of this is missing, by its name. */
  readonly notSeen: Readonly<Record<string, string>>
}

export interface SpeakerRow {
  readonly node: string
  /** `ready`, or why not. */
  readonly speaker: string
  readonly nodeReady: boolean
  /** The node is labelled to have no addresses. */
  readonly excluded: boolean
  /** How many addresses it announces. */
  readonly addresses: number
  /** As gossip has it; absent: not seen. */
  readonly member?: string
}

export interface PoolRow {
  readonly name: string
  /** By family, where it has addresses of it; the numbers as digits: IPv6 has more than JSON can tell. */
  readonly ipv4?: PoolUse
  readonly ipv6?: PoolUse
}

export interface PoolUse {
  readonly used: number
  readonly kept: number
  readonly free: string
  readonly total: string
}

export interface AddressRow {
  readonly ip: string
  readonly services: readonly string[]
  readonly pool?: string
  readonly node?: string
  readonly since?: string
  readonly age?: string
}

export function status(snapshot: Snapshot): StatusReport {
  const context = new Context(snapshot)
  const controllers = snapshot.pods.filter(({ component }) => component === 'controller')
  const addresses = addressRows(context)
  return {
    problems: problemsOf(context),
    controllers: {
      ready: controllers.filter(({ ready }) => ready).length,
      pods: controllers.length,
    },
    speakers: speakerRows(context, addresses),
    pools: poolRows(context),
    addresses,
    waiting: snapshot.services
      .filter((service) => isOurs(snapshot, service) && service.ingress.length === 0)
      .map(({ key }) => key),
    notSeen: {
      ...snapshot.unseen,
      ...Object.fromEntries(
        [...context.words.unseen].map(([node, why]) => [`speaker of ${node}`, why]),
      ),
    },
  }
}

function speakerRows(context: Context, addresses: readonly AddressRow[]): SpeakerRow[] {
  const { snapshot, speakers, words } = context
  const counts = Map.groupBy(addresses, ({ node }) => node)
  const names = new Set([...snapshot.nodes.map(({ name }) => name), ...speakers.keys()])
  const { pods: unseen } = snapshot.unseen
  return [...names].sort().map((node) => {
    const pod = speakers.get(node)
    const none = unseen === undefined ? 'none' : 'not seen'
    const member = words.member(node)?.state
    return {
      node,
      speaker: pod === undefined ? none : pod.ready ? 'ready' : (pod.trouble ?? 'not ready'),
      nodeReady: snapshot.nodes.find(({ name }) => name === node)?.ready ?? true,
      excluded: isExcluded(snapshot, node),
      addresses: counts.get(node)?.length ?? 0,
      ...(member !== undefined && { member }),
    }
  })
}

function poolRows({ allocation, snapshot }: Context): PoolRow[] {
  return [...allocation.allocator.usage()].map(([name, { assigned, kept, available, total }]) => {
    const ranges = snapshot.config.pools.get(name)?.ranges ?? []
    const use = (family: Family): PoolUse | undefined =>
      ranges.some((range) => range.family === family)
        ? {
            used: assigned[family],
            kept: kept[family],
            free: `${available[family]}`,
            total: `${total[family]}`,
          }
        : undefined
    const [ipv4, ipv6] = [use(4), use(6)]
    return { name, ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) }
  })
}

function addressRows(context: Context): AddressRow[] {
  const { snapshot } = context
  const ips = snapshot.services
    .filter((service) => isOurs(snapshot, service))
    .flatMap(ipsOf)
    .sort(compareIp)
  return [...new Set(ips.map(formatIp))].map((ip) => {
    const holders = context.holders(ip)
    const [told] = holders.flatMap(({ key }) => context.statuses(key))
    const [pool] = holders.flatMap((service) => context.election(service)?.pool.name ?? [])
    const began = parseTime(told?.since)
    return {
      ip,
      services: holders.map(({ key }) => key),
      ...(pool !== undefined && { pool }),
      ...(told && { node: told.node }),
      ...(told?.since !== undefined && { since: told.since }),
      ...(began !== undefined && { age: ageText(snapshot.at - began) }),
    }
  })
}
