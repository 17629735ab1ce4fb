/**
 * One range of a pool: how much of it is held, and its lowest free address. What is remembered goes
 * with what is held or was given back, not with the size of the range.
 */
import type { Pool } from '../config/model.ts'
import type { Family } from '../net/ip.ts'
import type { Range } from '../net/range.ts'
import { Heap } from './heap.ts'
import { indexOfRange, overlaps } from './sorted-ranges.ts'
import { isUsable, usableCount } from './usable.ts'

export class Stretch implements Range {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
  readonly pool: Pool
  /** Place of the range in the pool's spec. */
  readonly place: number
  /** How many addresses may be given out, reserved ones included. */
  readonly usable: bigint
  /** Given to who asks for them, and to nobody else. */
  readonly #reserved: readonly Range[]
  readonly #reservedUsable: bigint
  #held = 0
  #heldUnreserved = 0
  /** Whatever may be given unasked before it is held, or in `#givenBack`. */
  #untouched: bigint
  /** May hold some that were asked for since: looked at when it is their turn. */
  readonly #givenBack = new Heap()

  constructor(pool: Pool, place: number, range: Range, reserved: readonly Range[]) {
    this.family = range.family
    this.first = range.first
    this.last = range.last
    this.pool = pool
    this.place = place
    this.usable = usableCount(pool, range)
    this.#reserved = overlaps(reserved, range)
    this.#reservedUsable = this.#reserved.reduce((sum, it) => sum + usableCount(pool, it), 0n)
    this.#untouched = range.first
  }

  /** Addresses that somebody holds. */
  get held(): number {
    return this.#held
  }

  /** Addresses that may be given to the next who asks for none in particular. */
  get free(): bigint {
    return this.usable - this.#reservedUsable - BigInt(this.#heldUnreserved)
  }

  /** Nobody held it before. */
  take(value: bigint): void {
    this.#held++
    if (this.isForAnybody(value)) this.#heldUnreserved++
  }

  /** Nobody holds it any more. */
  giveBack(value: bigint): void {
    this.#held--
    if (!this.isForAnybody(value)) return
    this.#heldUnreserved--
    if (value < this.#untouched) this.#givenBack.add(value)
  }

  lowestFree(isHeld: (value: bigint) => boolean): bigint | undefined {
    for (let least = this.#givenBack.least; least !== undefined; least = this.#givenBack.least) {
      if (!isHeld(least)) return least
      this.#givenBack.removeLeast()
    }
    while (this.#untouched <= this.last) {
      const reserved = this.#reservedAround(this.#untouched)
      if (reserved) this.#untouched = reserved.last + 1n
      else if (this.isForAnybody(this.#untouched) && !isHeld(this.#untouched)) {
        return this.#untouched
      } else this.#untouched++
    }
    return undefined
  }

  /** False for those that are reserved, or not given out at all. */
  isForAnybody(value: bigint): boolean {
    return isUsable(this.pool, { family: this.family, value }) && !this.#reservedAround(value)
  }

  #reservedAround(value: bigint): Range | undefined {
    if (this.#reserved.length === 0) return undefined
    return this.#reserved[indexOfRange(this.#reserved, { family: this.family, value })]
  }
}
