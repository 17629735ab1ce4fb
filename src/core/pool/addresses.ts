/**
 * Who holds which address, and the lowest free one. Memory goes with what is held, not with the size
 * of a pool; finding a free address does not look at each held one.
 */
import type { Pool } from '../config/model.ts'
import type { Family, Ip } from '../net/ip.ts'
import type { Range } from '../net/range.ts'
import { rangeContains } from '../net/range.ts'

/** Text that stands for an address in maps; quicker to make than the canonical one. */
export const ipKey = (ip: Ip): string => `${ip.family}:${ip.value.toString(36)}`

export class Addresses {
  /** Service keys by address. */
  readonly #holders = new Map<string, Set<string>>()
  /** Where to begin to look in each range: every usable address before it is held. */
  #cursors = new Map<Range, bigint>()

  /** Keys of the Services that hold the address. */
  holders(ip: Ip): ReadonlySet<string> {
    return this.#holders.get(ipKey(ip)) ?? NOBODY
  }

  take(ip: Ip, service: string): void {
    const key = ipKey(ip)
    const holders = this.#holders.get(key)
    if (holders) holders.add(service)
    else this.#holders.set(key, new Set([service]))
  }

  release(ip: Ip, service: string): void {
    const key = ipKey(ip)
    const holders = this.#holders.get(key)
    if (!holders?.delete(service) || holders.size > 0) return
    this.#holders.delete(key)
    for (const [range, cursor] of this.#cursors) {
      if (rangeContains(range, ip) && ip.value < cursor) this.#cursors.set(range, ip.value)
    }
  }

  /** Pools have changed: cursors of ranges that are gone are forgotten. */
  forgetRanges(): void {
    this.#cursors = new Map()
  }

  /** The lowest usable address of the family that nobody holds, ranges in spec order. */
  lowestFree(pool: Pool, family: Family): Ip | undefined {
    for (const range of pool.ranges) {
      if (range.family !== family) continue
      for (let value = this.#cursors.get(range) ?? range.first; value <= range.last; value++) {
        const ip = { family, value }
        if (!isUsable(pool, ip) || this.#holders.has(ipKey(ip))) continue
        this.#cursors.set(range, value)
        return ip
      }
      this.#cursors.set(range, range.last + 1n)
    }
    return undefined
  }
}

const NOBODY: ReadonlySet<string> = new Set()

/** False for IPv4 addresses that end in .0 or .255 where the pool avoids those. */
export function isUsable(pool: Pool, ip: Ip): boolean {
  if (!pool.avoidBuggyIPs || ip.family === 6) return true
  const last = ip.value & 0xffn
  return last !== 0n && last !== 0xffn
}

/** How many addresses of a family a pool can give out. */
export function usableCount(pool: Pool, family: Family): bigint {
  let count = 0n
  for (const range of pool.ranges) {
    if (range.family !== family) continue
    count += range.last - range.first + 1n
    if (pool.avoidBuggyIPs && family === 4) {
      count -= multiples(range, 0n) + multiples(range, 0xffn)
    }
  }
  return count
}

/** How many values of the range leave `rest` when divided by 256. */
function multiples({ first, last }: Range, rest: bigint): bigint {
  const upTo = (value: bigint) => (value < rest ? 0n : (value - rest) / 256n + 1n)
  return upTo(last) - (first === 0n ? 0n : upTo(first - 1n))
}
