/** How full pools are. */
import type { Family, Ip } from '../net/ip.ts'
import { ipKey } from './addresses.ts'
import type { AddressKey } from './addresses.ts'
import type { Ledger } from './ledger.ts'

type ByFamily<T> = Readonly<Record<Family, T>>

export interface PoolUsage {
  /** Addresses of Services that exist; one that Services share counts once. */
  readonly assigned: ByFamily<number>
  /** Addresses that are kept for Services that are gone. */
  readonly kept: ByFamily<number>
  /** Addresses that the next Service may be given unasked: neither reserved nor kept. */
  readonly available: ByFamily<bigint>
  /** All that may be given out, asked for or not. */
  readonly total: ByFamily<bigint>
}

/** By pool, in the order of the pools. */
export function usageOf(ledger: Ledger): ReadonlyMap<string, PoolUsage> {
  const onlyKept = departed(ledger)
  const pools = [...ledger.pools.keys()]
  return new Map(
    pools.map((pool) => {
      const [four, six] = [ledger.count(pool, 4), ledger.count(pool, 6)]
      const kept = (family: Family) => onlyKept.get(`${pool} ${family}`)?.size ?? 0
      return [
        pool,
        {
          assigned: { 4: four.held - kept(4), 6: six.held - kept(6) },
          kept: { 4: kept(4), 6: kept(6) },
          available: { 4: four.free, 6: six.free },
          total: { 4: four.usable, 6: six.usable },
        },
      ]
    }),
  )
}

/** Addresses that nobody but the departed hold, by pool and family. */
function departed(ledger: Ledger): ReadonlyMap<string, ReadonlySet<AddressKey>> {
  const result = new Map<string, Set<AddressKey>>()
  for (const { ips, pool } of ledger.kept.values()) {
    for (const ip of ips) if (ledger.isOnlyKept(ip)) add(result, pool, ip)
  }
  return result
}

function add(result: Map<string, Set<AddressKey>>, pool: string, ip: Ip): void {
  const key = `${pool} ${ip.family}`
  const known = result.get(key) ?? new Set<AddressKey>()
  result.set(key, known.add(ipKey(ip)))
}
