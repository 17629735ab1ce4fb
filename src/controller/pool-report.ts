/** What the status of an IPAddressPool is to say, and what it said before a restart. */
import type * as z from 'zod'
import type { condition } from '../core/config/configuration-state.ts'
import { ipAddressPoolStatus } from '../core/config/ip-address-pool.ts'
import type { IpAddressPoolStatus } from '../core/config/ip-address-pool.ts'
import type { PoolOptions } from '../core/config/pool-annotations.ts'
import { compareIp, formatIp } from '../core/net/ip.ts'
import type { Family, Ip } from '../core/net/ip.ts'
import type { Allocator } from '../core/pool/allocator.ts'
import type { Holding } from '../core/pool/ledger.ts'
import { fullnessOf, usageText } from '../core/pool/usage-alarms.ts'
import type { PoolUsage } from '../core/pool/usage.ts'
import type { KubeObject } from '../ports/cluster.ts'

/** Addresses that a status lists with their holders. */
export const MOST_HOLDERS = 256
/** The largest int64 that a JavaScript number can stand for. */
const MOST = 2n ** 63n - 1024n
/** From here on counts for people are rounded. */
const LARGE = 10_000_000n

const writtenStatus = ipAddressPoolStatus.partial()
/** Of any controller, MetalLB's too: any of it may be missing. */
export type WrittenStatus = z.infer<typeof writtenStatus>

/** Lists and conditions that are off are absent. */
export type PoolReport = Omit<IpAddressPoolStatus, 'conditions'> & {
  readonly condition?: Omit<z.infer<typeof condition>, 'lastTransitionTime'>
}

/** By pool, as of the moment when it is called. */
export type Reports = () => ReadonlyMap<string, PoolReport>

export function poolReport(
  pool: string,
  usage: PoolUsage,
  options: PoolOptions,
  step: number,
  allocator: Allocator,
): PoolReport {
  const clamp = (count: bigint) => Number(count > MOST ? MOST : count)
  const { assigned, available } = usage
  return {
    assignedIPv4: assigned[4],
    assignedIPv6: assigned[6],
    availableIPv4: clamp(available[4]),
    availableIPv6: clamp(available[6]),
    usage: usageTexts(usage),
    ...(options.listHolders && holdersOf(pool, allocator)),
    ...(options.keepMs !== undefined && { kept: allocator.keeper.list(pool).map(keptEntry) }),
    ...(options.warnAt.length > 0 && conditionOf(usage, step)),
  }
}

function usageTexts({ assigned, available, total }: PoolUsage): IpAddressPoolStatus['usage'] {
  const families = ([4, 6] as const).filter((family) => total[family] > 0n)
  const text = (count: (family: Family) => bigint) =>
    families.length === 1 && families[0]
      ? short(count(families[0]))
      : families.map((family) => `${short(count(family))} IPv${family}`).join(', ') || '0'
  return {
    used: text((family) => BigInt(assigned[family])),
    free: text((family) => available[family]),
    total: text((family) => total[family]),
  }
}

const short = (count: bigint): string =>
  count < LARGE ? `${count}` : Number(count).toExponential(1).replace('+', '')

function holdersOf(pool: string, allocator: Allocator) {
  const byAddress = new Map<string, { ip: Ip; services: string[] }>()
  for (const { ips, service, pool: its } of allocator.holdings) {
    if (its !== pool) continue
    for (const ip of ips) {
      const address = formatIp(ip)
      const entry = byAddress.get(address) ?? { ip, services: [] }
      entry.services.push(service)
      byAddress.set(address, entry)
    }
  }
  const all = [...byAddress].sort(([, a], [, b]) => compareIp(a.ip, b.ip))
  return {
    holders: all
      .slice(0, MOST_HOLDERS)
      .map(([address, { services }]) => ({ address, services: services.sort() })),
    holdersOmitted: Math.max(0, all.length - MOST_HOLDERS),
  }
}

function keptEntry({ service, ips, sharing, keptUntil = 0 }: Holding) {
  return {
    service,
    addresses: ips.map(formatIp),
    until: new Date(keptUntil).toISOString(),
    ...(sharing.key !== '' && { sharing: { ...sharing, ports: [...sharing.ports] } }),
  }
}

function conditionOf(usage: PoolUsage, step: number): Pick<PoolReport, 'condition'> {
  const fullness = fullnessOf(usage)
  if (!fullness) return {}
  return {
    condition: {
      type: 'UsageHigh',
      status: step > 0 ? 'True' : 'False',
      reason: step > 0 ? `AtLeast${step}Percent` : 'BelowAllSteps',
      message: usageText(fullness),
    },
  }
}

/** What was written last, if it can be read. */
export function statusOf(object: KubeObject): WrittenStatus {
  const parsed = writtenStatus.safeParse(object['status'] ?? {})
  return parsed.success ? parsed.data : {}
}

/** The step that the condition tells of; 0: none. */
export function stepTold({ conditions = [] }: WrittenStatus): number {
  const told = conditions.find(({ type }) => type === 'UsageHigh')
  return Number(/^AtLeast(\d+)Percent$/.exec(told?.reason ?? '')?.[1] ?? 0)
}
