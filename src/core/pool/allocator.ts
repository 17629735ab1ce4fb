/**
 * Gives addresses to Services. Nothing depends on the order of a map: pools are looked at by priority,
 * then name; addresses lowest first.
 */
import type { Pool, Service } from '../config/model.ts'
import type { Labels } from '../config/selector.ts'
import { formatIp } from '../net/ip.ts'
import type { Family, Ip } from '../net/ip.ts'
import type { Range } from '../net/range.ts'
import { candidatePools, refusesService } from './candidate-pools.ts'
import { explain, lack } from './explain.ts'
import type { PassedOver } from './explain.ts'
import { Keeper } from './keeper.ts'
import { Ledger } from './ledger.ts'
import type { Holding } from './ledger.ts'
import { sharingOf } from './sharing.ts'
import type { Sharing } from './sharing.ts'
import { isUsable } from './usable.ts'
import { usageOf } from './usage.ts'
import type { PoolUsage } from './usage.ts'
import type { Wish } from './wish.ts'

export type Allocation =
  | { readonly ok: true; readonly holding: Holding; readonly passedOver: readonly PassedOver[] }
  /** `message` says which address or pool, and why. */
  | { readonly ok: false; readonly message: string; readonly passedOver: readonly PassedOver[] }

export class Allocator {
  readonly #ledger = new Ledger()
  /** What is kept for Services that are gone. */
  readonly keeper = new Keeper(this.#ledger)

  /**
   * Holdings stay as they are: `hold` them again to learn which the new pools refuse.
   * `reserved`: by pool, addresses for those only who ask for them.
   */
  setPools(
    pools: ReadonlyMap<string, Pool>,
    reserved?: ReadonlyMap<string, readonly Range[]>,
  ): void {
    this.#ledger.setPools(pools, reserved)
  }

  /** Of a Service that exists. */
  holding(service: string): Holding | undefined {
    const holding = this.#ledger.get(service)
    return holding?.keptUntil === undefined ? holding : undefined
  }

  /** Of Services that exist. */
  get holdings(): Iterable<Holding> {
    return [...this.#ledger.holdings].filter(({ keptUntil }) => keptUntil === undefined)
  }

  /** Returns true if the Service held anything, or anything was kept for it. */
  release(service: string): boolean {
    return this.#ledger.remove(service) !== undefined
  }

  /** Makes the Service the holder of exactly these addresses, or says why it may not be. */
  hold(service: Service, ips: readonly Ip[], namespaceLabels: Labels): Allocation {
    const pool = this.#ledger.poolOf(ips)
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
      const conflict = this.#ledger.conflict(ip, service.key, sharing)
      if (conflict !== undefined) return refused(`${formatIp(ip)} is in use by ${conflict}`)
    }
    return this.#assign(service, pool, ips, sharing, [])
  }

  /** Finds addresses for a Service that holds none. */
  allocate(service: Service, wish: Wish, namespaceLabels: Labels): Allocation {
    if (wish.ips.length > 0) return this.#allocateRequested(service, wish, namespaceLabels)
    const all = this.#ledger.pools
    const { pools, passedOver } = candidatePools(all, service, wish.pool, namespaceLabels)
    const sharing = sharingOf(service)
    const attempts = acceptable(wish)
    for (const families of attempts) {
      for (const pool of pools) {
        const found = families.map((family) =>
          this.#ledger.lowest(pool, family, service.key, sharing),
        )
        const ips = found.filter((ip) => ip !== undefined)
        if (ips.length === families.length) {
          return this.#assign(service, pool, ips, sharing, passedOver)
        }
        // What it lacks of all the families says more than what it lacks of one of them.
        if (families !== attempts[0]) continue
        const missing = families.filter((_, index) => found[index] === undefined)
        const because = missing.map((family) => this.#lack(pool, family)).join(' and ')
        passedOver.push({ pool: pool.name, because })
      }
    }
    return { ok: false, message: explain(wish, passedOver), passedOver }
  }

  /** A further address of the pool that the Service holds one of already. */
  extend(service: Service, family: Family): Allocation {
    const holding = this.holding(service.key)
    const pool = holding && this.#ledger.pools.get(holding.pool)
    if (!pool) return refused('holds no address of a pool')
    const sharing = sharingOf(service)
    const ip = this.#ledger.lowest(pool, family, service.key, sharing)
    if (!ip) return refused(`pool "${pool.name}": ${this.#lack(pool, family)}`)
    return this.#assign(service, pool, [...holding.ips, ip], sharing, [])
  }

  /** By pool. */
  usage(): ReadonlyMap<string, PoolUsage> {
    return usageOf(this.#ledger)
  }

  #allocateRequested(service: Service, wish: Wish, namespaceLabels: Labels): Allocation {
    const pool = this.#ledger.poolOf(wish.ips)
    if (pool && wish.pool !== undefined && pool.name !== wish.pool) {
      const texts = wish.ips.map(formatIp).join(', ')
      return refused(`${texts} is in pool "${pool.name}", but pool "${wish.pool}" is asked for`)
    }
    return this.hold(service, wish.ips, namespaceLabels)
  }

  #assign(
    { key }: Service,
    pool: Pool,
    ips: readonly Ip[],
    sharing: Sharing,
    passedOver: readonly PassedOver[],
  ): Allocation {
    const holding = { service: key, pool: pool.name, ips, sharing }
    this.#ledger.put(holding)
    return { ok: true, holding, passedOver }
  }

  #lack(pool: Pool, family: Family): string {
    return lack(family, this.#ledger.count(pool.name, family))
  }
}

/** The sets of families to try, best first. */
function acceptable({ families, oneIsEnough }: Wish): readonly (readonly Family[])[] {
  if (!oneIsEnough) return [families]
  return [families, ...families.map((family) => [family])]
}

function refused(message: string): Allocation {
  return { ok: false, message, passedOver: [] }
}
