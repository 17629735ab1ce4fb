/**
 * Who holds which address, which pool an address is in, and the lowest free one. Made anew when pools
 * change; finding a free address does not look at each held one.
 */
import type { Pool } from '../config/model.ts'
import type { Family, Ip } from '../net/ip.ts'
import type { Range } from '../net/range.ts'
import { compareRanges, indexOfRange } from './sorted-ranges.ts'
import { Stretch } from './stretch.ts'

/** Stands for an address in maps; quicker to make and to look up than its text. */
export const ipKey = ({ family, value }: Ip): AddressKey =>
  family === 4 ? Number(value) : value.toString(36)
export type AddressKey = number | string

/** Of one family of a pool. */
export interface Count {
  /** May be given out at all. */
  readonly usable: bigint
  /** Somebody holds it. */
  readonly held: number
  /** May be given to the next who asks for none in particular. */
  readonly free: bigint
}

export class Addresses {
  /** Service keys by address: mostly one, so no set is made for it. */
  readonly #holders = new Map<AddressKey, string | Set<string>>()
  /** All of all pools, sorted. */
  readonly #stretches: readonly Stretch[]
  /** In spec order. */
  readonly #byPool: ReadonlyMap<string, readonly Stretch[]>

  /** `reserved`: by pool. Pools do not overlap. */
  constructor(
    pools: ReadonlyMap<string, Pool> = new Map(),
    reserved: ReadonlyMap<string, readonly Range[]> = new Map(),
  ) {
    this.#byPool = new Map(
      [...pools.values()].map((pool) => [
        pool.name,
        pool.ranges.map(
          (range, place) => new Stretch(pool, place, range, reserved.get(pool.name) ?? []),
        ),
      ]),
    )
    this.#stretches = [...this.#byPool.values()].flat().sort(compareRanges)
  }

  /** Keys of the Services that hold the address. */
  holders(ip: Ip): Iterable<string> {
    const holders = this.#holders.get(ipKey(ip))
    return typeof holders === 'string' ? [holders] : (holders ?? [])
  }

  take(ip: Ip, service: string): void {
    const key = ipKey(ip)
    const holders = this.#holders.get(key)
    if (holders === undefined) {
      this.#holders.set(key, service)
      this.#stretchAt(ip)?.take(ip.value)
    } else if (holders instanceof Set) holders.add(service)
    else this.#holders.set(key, new Set([holders, service]))
  }

  release(ip: Ip, service: string): void {
    const key = ipKey(ip)
    const holders = this.#holders.get(key)
    if (holders instanceof Set) {
      holders.delete(service)
      if (holders.size > 0) return
    } else if (holders !== service) return
    this.#holders.delete(key)
    this.#stretchAt(ip)?.giveBack(ip.value)
  }

  poolOf(ip: Ip): Pool | undefined {
    return this.#stretchAt(ip)?.pool
  }

  /** False for those that only who asks for them may have. */
  isForAnybody(ip: Ip): boolean {
    return this.#stretchAt(ip)?.isForAnybody(ip.value) ?? false
  }

  /** The lowest address that nobody holds and anybody may have, ranges in spec order. */
  lowestFree(pool: Pool, family: Family): Ip | undefined {
    for (const stretch of this.#byPool.get(pool.name) ?? []) {
      if (stretch.family !== family) continue
      const isHeld = (value: bigint) => this.#holders.has(ipKey({ family, value }))
      const value = stretch.lowestFree(isHeld)
      if (value !== undefined) return { family, value }
    }
    return undefined
  }

  /** True if `a` is given before `b`: ranges in spec order, then by number. Both are of one pool. */
  comesBefore(a: Ip, b: Ip): boolean {
    const [first, second] = [this.#stretchAt(a)?.place ?? 0, this.#stretchAt(b)?.place ?? 0]
    return first < second || (first === second && a.value < b.value)
  }

  count(pool: string, family: Family): Count {
    const stretches = (this.#byPool.get(pool) ?? []).filter((it) => it.family === family)
    return {
      usable: stretches.reduce((sum, it) => sum + it.usable, 0n),
      held: stretches.reduce((sum, it) => sum + it.held, 0),
      free: stretches.reduce((sum, it) => sum + it.free, 0n),
    }
  }

  #stretchAt(ip: Ip): Stretch | undefined {
    return this.#stretches[indexOfRange(this.#stretches, ip)]
  }
}
