/** After a restart: addresses that were kept, or whose Service went while no controller ran. */
import { parseIp } from '../core/net/ip.ts'
import type { Ip } from '../core/net/ip.ts'
import type { Keeper } from '../core/pool/keeper.ts'
import { NOT_SHARED } from '../core/pool/sharing.ts'
import type { WrittenStatus } from './pool-report.ts'

/** Every Service that has an address holds it by now. `now`: ms since 1970. */
export function recallKept(
  keeper: Keeper,
  pool: string,
  { kept = [], holders = [] }: WrittenStatus,
  now: number,
): void {
  for (const { service, addresses, sharing = NOT_SHARED, until } of kept) {
    const ips = addresses.flatMap((text) => parseIp(text) ?? [])
    keeper.recall({ service, pool, ips, sharing }, now, Date.parse(until))
  }
  const listed = new Map<string, Ip[]>()
  for (const { address, services } of holders) {
    const ip = parseIp(address)
    for (const service of ip ? services : []) {
      listed.set(service, [...(listed.get(service) ?? []), ...(ip ? [ip] : [])])
    }
  }
  // With whom such a one shared is not known: where somebody else has the address it is not kept.
  for (const [service, ips] of listed) {
    keeper.recall({ service, pool, ips, sharing: NOT_SHARED }, now)
  }
}
