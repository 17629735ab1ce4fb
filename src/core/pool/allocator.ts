/**
 * Gives addresses to Services. One authoritative record for each Service (`Holding`); what else is
 * kept is derived from it. Nothing depends on the order of a map: pools are looked at by priority,
 * then name; addresses lowest first.
 */
import type { Pool, Service } from '../config/model.ts'
import type { Labels } from '../config/selector.ts'
import { formatIp } from '../net/ip.ts'
import type { Family, Ip } from '../net/ip.ts'
import { rangeContains } from '../net/range.ts'
import { Addresses, ipKey, isUsable, usableCount } from './addresses.ts'
import { candidatePools, refusesService } from './candidate-pools.ts'
import { SharedAddresses } from './shared-addresses.ts'
import { sharingConflict, sharingOf } from './sharing.ts'
import type { Sharing } from './sharing.ts'
import type { Wish } from './wish.ts'

/** What one Service holds. */
export interface Holding {
  readonly service: string
  readonly uid: string
  readonly pool: string
  readonly ips: readonly Ip[]
  readonly sharing: Sharing
}

/** A pool that was looked at and not used, and why. */
export interface PassedOver {
  readonly pool: string
  readonly because: string
}

export type Allocation =
  | { readonly ok: true; readonly holding: Holding; readonly passedOver: readonly PassedOver[] }
  /** `message` says which address or pool, and why. */
  | { readonly ok: false; readonly message: string; readonly passedOver: readonly PassedOver[] }

export interface PoolUsage {
  readonly assigned: Readonly<Record<Family, number>>
  readonly available: Readonly<Record<Family, bigint>>
}

export class Allocator {
  #pools: ReadonlyMap<string, Pool> = new Map()
  readonly #holdings = new Map<string, Holding>()
  readonly #addresses = new Addresses()
  readonly #shared = new SharedAddresses()

  /** Holdings stay as they are: `hold` them again to learn which the new pools refuse. */
  setPools(pools: ReadonlyMap<string, Pool>): void {
    this.#pools = pools
    this.#addresses.forgetRanges()
  }

  holding(service: string): Holding | undefined {
    return this.#holdings.get(service)
  }

  get holdings(): Iterable<Holding> {
    return this.#holdings.values()
  }

  /** Returns true if the Service held anything. */
  release(service: string): boolean {
    const holding = this.#holdings.get(service)
    if (!holding) return false
    this.#holdings.delete(service)
    for (const ip of holding.ips) {
      this.#addresses.release(ip, service)
      this.#shared.leave(ip, holding.sharing)
    }
    return true
  }

  /** Makes the Service the holder of exactly these addresses, or says why it may not be. */
  hold(service: Service, ips: readonly Ip[], namespaceLabels: Labels): Allocation {
    const pool = this.#poolOf(ips)
    if (!pool) {
      const texts = ips.map(formatIp).join(', ')
      return refused(ips.length > 1 ? `${texts} are not in one pool` : `${texts} is in no pool`)
    }
    const unfit = refusesService(pool, service, namespaceLabels)
    if (unfit !== undefined) return refused(`pool "${pool.name}": ${unfit}`)
    const sharing = sharingOf(service)
    for (const ip of ips) {
      if (!isUsable(pool, ip)) {
        return refused(`${formatIp(ip)} is one that pool "${pool.name}" avoids (avoidBuggyIPs)`)
      }
      const conflict = this.#conflict(ip, service.key, sharing)
      if (conflict !== undefined) return refused(`${formatIp(ip)} is in use by ${conflict}`)
    }
    return this.#assign(service, pool, ips, sharing, [])
  }

  /** Finds addresses for a Service that holds none. */
  allocate(service: Service, wish: Wish, namespaceLabels: Labels): Allocation {
    if (wish.ips.length > 0) return this.#allocateRequested(service, wish, namespaceLabels)
    const { pools, passedOver } = candidatePools(this.#pools, service, wish.pool, namespaceLabels)
    const sharing = sharingOf(service)
    for (const families of acceptable(wish)) {
      for (const pool of pools) {
        const found = families.map((family) => this.#lowest(pool, family, service.key, sharing))
        const ips = found.filter((ip) => ip !== undefined)
        if (ips.length === families.length) {
          return this.#assign(service, pool, ips, sharing, passedOver)
        }
        const missing = families.filter((_, index) => found[index] === undefined)
        const because = missing.map((family) => this.#lack(pool, family)).join(' and ')
        passedOver.push({ pool: pool.name, because })
      }
    }
    return { ok: false, message: explain(wish, passedOver), passedOver }
  }

  /** A further address of the pool that the Service holds one of already. */
  extend(service: Service, family: Family): Allocation {
    const holding = this.#holdings.get(service.key)
    const pool = holding && this.#pools.get(holding.pool)
    if (!pool) return refused('holds no address of a pool')
    const sharing = sharingOf(service)
    const ip = this.#lowest(pool, family, service.key, sharing)
    if (!ip) return refused(`pool "${pool.name}": ${this.#lack(pool, family)}`)
    return this.#assign(service, pool, [...holding.ips, ip], sharing, [])
  }

  /** By pool. An address that Services share counts once. */
  usage(): ReadonlyMap<string, PoolUsage> {
    const counts = new Map([...this.#pools.keys()].map((name) => [name, { 4: 0, 6: 0 }]))
    const counted = new Set<string>()
    for (const { pool, ips } of this.#holdings.values()) {
      for (const ip of ips) {
        const key = ipKey(ip)
        const count = counts.get(pool)
        if (!count || counted.has(key)) continue
        counted.add(key)
        count[ip.family]++
      }
    }
    const pools = [...this.#pools.values()]
    return new Map(pools.map((pool) => [pool.name, usageOf(pool, counts.get(pool.name))]))
  }

  #allocateRequested(service: Service, wish: Wish, namespaceLabels: Labels): Allocation {
    const pool = this.#poolOf(wish.ips)
    if (pool && wish.pool !== undefined && pool.name !== wish.pool) {
      const texts = wish.ips.map(formatIp).join(', ')
      return refused(`${texts} is in pool "${pool.name}", but pool "${wish.pool}" is asked for`)
    }
    return this.hold(service, wish.ips, namespaceLabels)
  }

  #poolOf(ips: readonly Ip[]): Pool | undefined {
    for (const pool of this.#pools.values()) {
      if (ips.every((ip) => pool.ranges.some((range) => rangeContains(range, ip)))) return pool
    }
    return undefined
  }

  /** The lowest address that is free, or that the sharing key allows to join. */
  #lowest(pool: Pool, family: Family, service: string, sharing: Sharing): Ip | undefined {
    let lowest = this.#addresses.lowestFree(pool, family)
    for (const ip of this.#shared.joinable(sharing)) {
      if (ip.family !== family || (lowest && !comesBefore(pool, ip, lowest))) continue
      if (!pool.ranges.some((range) => rangeContains(range, ip))) continue
      if (this.#conflict(ip, service, sharing) === undefined) lowest = ip
    }
    return lowest
  }

  /** `default/web: port TCP/80 is taken`, or undefined if the address may be held. */
  #conflict(ip: Ip, service: string, sharing: Sharing): string | undefined {
    for (const key of this.#addresses.holders(ip)) {
      const holder = this.#holdings.get(key)
      if (key === service || !holder) continue
      const why = sharingConflict(holder.sharing, sharing)
      if (why !== undefined) return `${key}: ${why}`
    }
    return undefined
  }

  #assign(
    service: Service,
    pool: Pool,
    ips: readonly Ip[],
    sharing: Sharing,
    passedOver: readonly PassedOver[],
  ): Allocation {
    this.release(service.key)
    const holding = { service: service.key, uid: service.uid, pool: pool.name, ips, sharing }
    this.#holdings.set(service.key, holding)
    for (const ip of ips) {
      this.#addresses.take(ip, service.key)
      this.#shared.join(ip, sharing)
    }
    return { ok: true, holding, passedOver }
  }

  #lack(pool: Pool, family: Family): string {
    const size = usableCount(pool, family)
    return size === 0n ? `no IPv${family} addresses` : `all ${size} IPv${family} addresses in use`
  }
}

function usageOf(pool: Pool, assigned: Record<Family, number> = { 4: 0, 6: 0 }): PoolUsage {
  const available = (family: Family) => {
    const free = usableCount(pool, family) - BigInt(assigned[family])
    return free < 0n ? 0n : free
  }
  return { assigned, available: { 4: available(4), 6: available(6) } }
}

/** The sets of families to try, best first. */
function acceptable({ families, oneIsEnough }: Wish): readonly (readonly Family[])[] {
  if (families.length < 2 || !oneIsEnough) return [families]
  return [families, ...families.map((family) => [family])]
}

/** Ranges in spec order, then by number. */
function comesBefore(pool: Pool, a: Ip, b: Ip): boolean {
  const place = (ip: Ip) => pool.ranges.findIndex((range) => rangeContains(range, ip))
  return place(a) - place(b) < 0 || (place(a) === place(b) && a.value < b.value)
}

function refused(message: string): Allocation {
  return { ok: false, message, passedOver: [] }
}

function explain(wish: Wish, passedOver: readonly PassedOver[]): string {
  if (passedOver.length === 0) return 'no available IPs: there is no IPAddressPool'
  const reasons = new Map(passedOver.map(({ pool, because }) => [pool, because]))
  const list = [...reasons].map(([pool, because]) => `pool "${pool}": ${because}`).join('; ')
  return wish.pool === undefined ? `no available IPs: ${list}` : list
}
