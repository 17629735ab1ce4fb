/** Warnings before a pool is full: once for each step that its use has reached, not again and again. */
import type { Family } from '../net/ip.ts'
import type { PoolUsage } from './usage.ts'

/** A step is left only when use is this many points below it: who comes and goes warns once. */
const SLACK = 5

export interface Fullness {
  readonly family: Family
  readonly taken: number
  /** Of those that may be given unasked, and those taken. */
  readonly of: bigint
  /** Rounded down: 100 means that there is none left. */
  readonly percent: number
}

/** Of the fuller family; undefined if the pool has no address to give. */
export function fullnessOf({ assigned, kept, available }: PoolUsage): Fullness | undefined {
  const both = ([4, 6] as const).map((family) => {
    const taken = assigned[family] + kept[family]
    const of = BigInt(taken) + available[family]
    const percent = of === 0n ? 0 : Number((100n * BigInt(taken)) / of)
    return { family, taken, of, percent }
  })
  return both.filter(({ of }) => of > 0n).sort((a, b) => b.percent - a.percent)[0]
}

/** `steps`: percentages, ascending. 0: below all of them. */
export function stepOf(steps: readonly number[], percent: number, before: number): number {
  const reached = steps.findLast((step) => step <= percent) ?? 0
  const stays = before > reached && steps.includes(before) && percent > before - SLACK
  return stays ? before : reached
}

export class UsageAlarms {
  readonly #steps = new Map<string, number>()

  /** The step that was told before a restart. */
  recall(pool: string, step: number): void {
    this.#steps.set(pool, step)
  }

  /** The step that the pool is at, and whether that is to be told. */
  look(
    pool: string,
    steps: readonly number[],
    fullness: Fullness,
  ): { step: number; tell: boolean } {
    const before = this.#steps.get(pool) ?? 0
    const step = stepOf(steps, fullness.percent, before)
    this.#steps.set(pool, step)
    return { step, tell: step > before }
  }

  /** Of a pool that is looked at; 0: below all steps. */
  stepOf(pool: string): number {
    return this.#steps.get(pool) ?? 0
  }

  /** The pool is gone, or warns no more. */
  forget(pool: string): void {
    this.#steps.delete(pool)
  }
}

export function usageText({ family, taken, of, percent }: Fullness): string {
  return `${taken} of ${of} IPv${family} addresses taken (${percent} %)`
}
