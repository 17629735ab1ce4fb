/**
 * Who holds what. One authoritative record for each Service (`Holding`); what else is kept here is
 * derived from it.
 */
import type { Pool } from '../config/model.ts'
import type { Family, Ip } from '../net/ip.ts'
import type { Range } from '../net/range.ts'
import { Addresses } from './addresses.ts'
import type { Count } from './addresses.ts'
import { SharedAddresses } from './shared-addresses.ts'
import { sharingConflict } from './sharing.ts'
import type { Sharing } from './sharing.ts'

/** What one Service holds. */
export interface Holding {
  readonly service: string
  readonly pool: string
  readonly ips: readonly Ip[]
  readonly sharing: Sharing
  /** The Service is gone; until then (ms since 1970) its addresses are kept for its name. */
  readonly keptUntil?: number
}

export class Ledger {
  #pools: ReadonlyMap<string, Pool> = new Map()
  readonly #holdings = new Map<string, Holding>()
  readonly #kept = new Map<string, Holding>()
  readonly #shared = new SharedAddresses()
  #addresses = new Addresses()

  get pools(): ReadonlyMap<string, Pool> {
    return this.#pools
  }

  /** Every holding stays, even of addresses that are in no pool now. */
  setPools(pools: ReadonlyMap<string, Pool>, reserved?: ReadonlyMap<string, readonly Range[]>) {
    this.#pools = pools
    this.#addresses = new Addresses(pools, reserved)
    for (const { service, ips } of this.#holdings.values()) {
      for (const ip of ips) this.#addresses.take(ip, service)
    }
  }

  /** Those whose Service is gone included. */
  get(service: string): Holding | undefined {
    return this.#holdings.get(service)
  }

  get holdings(): Iterable<Holding> {
    return this.#holdings.values()
  }

  /** Those whose Service is gone. */
  get kept(): ReadonlyMap<string, Holding> {
    return this.#kept
  }

  /** Instead of what the Service held before. */
  put(holding: Holding): void {
    const { service, ips, sharing } = holding
    this.remove(service)
    this.#holdings.set(service, holding)
    if (holding.keptUntil !== undefined) this.#kept.set(service, holding)
    for (const ip of ips) {
      this.#addresses.take(ip, service)
      this.#shared.join(ip, sharing)
    }
  }

  /** Returns what it held. */
  remove(service: string): Holding | undefined {
    const holding = this.#holdings.get(service)
    if (!holding) return undefined
    this.#holdings.delete(service)
    this.#kept.delete(service)
    for (const ip of holding.ips) {
      this.#addresses.release(ip, service)
      this.#shared.leave(ip, holding.sharing)
    }
    return holding
  }

  /** The pool that all the addresses are in. */
  poolOf(ips: readonly Ip[]): Pool | undefined {
    const [pool, ...others] = ips.map((ip) => this.#addresses.poolOf(ip))
    return others.every((other) => other === pool) ? pool : undefined
  }

  /** `default/web: port TCP/80 is taken`, or undefined if the Service may hold the address. */
  conflict(ip: Ip, service: string, sharing: Sharing): string | undefined {
    for (const key of this.#addresses.holders(ip)) {
      const holder = this.#holdings.get(key)
      if (key === service || !holder) continue
      const why = sharingConflict(holder.sharing, sharing)
      if (why === undefined) continue
      return holder.keptUntil === undefined ? `${key}: ${why}` : `${key}, for which it is kept`
    }
    return undefined
  }

  /** The lowest address that is free, or that the sharing key allows to join; none that is reserved. */
  lowest(pool: Pool, family: Family, service: string, sharing: Sharing): Ip | undefined {
    let lowest = this.#addresses.lowestFree(pool, family)
    for (const ip of this.#shared.joinable(sharing)) {
      if (ip.family !== family || this.#addresses.poolOf(ip) !== pool) continue
      if (!this.#addresses.isForAnybody(ip)) continue
      if (lowest && !this.#addresses.comesBefore(ip, lowest)) continue
      if (this.conflict(ip, service, sharing) === undefined) lowest = ip
    }
    return lowest
  }

  count(pool: string, family: Family): Count {
    return this.#addresses.count(pool, family)
  }

  /** True if no Service that exists holds the address: it is only kept. */
  isOnlyKept(ip: Ip): boolean {
    for (const service of this.#addresses.holders(ip)) if (!this.#kept.has(service)) return false
    return true
  }
}
