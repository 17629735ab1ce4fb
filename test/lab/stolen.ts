/**
 * When a hypervisor took a processor away, by the kernel's account (/proc/stat, proc(5)). What ran on it stood
 * still, kernel and all: on a lab of one machine that looks like a node that is gone, and is one.
 */
import { readFileSync } from 'node:fs'

const TICK_MS = 10
const EVERY_MS = 100

/** By processor, since the machine started, in ms. */
function accounted(): number[] {
  const lines = readFileSync('/proc/stat', 'utf8').matchAll(/^cpu\d+ (.*)$/gm)
  return [...lines].map(([, columns = '']) => Number(columns.split(' ')[7]) * TICK_MS)
}

export class Stolen {
  readonly #read: () => number[]
  readonly #seen: { readonly at: number; readonly stolen: readonly number[] }[] = []
  readonly #timer = setInterval(() => this.#look(), EVERY_MS).unref()

  /** From now on. */
  constructor(read = accounted) {
    this.#read = read
    this.#look()
  }

  #look(): void {
    this.#seen.push({ at: performance.now(), stolen: this.#read() })
  }

  /** How much was of the processor that was without most, from `fromMs` to `toMs` (`performance.now()`). */
  mostMs(fromMs: number, toMs: number): number {
    this.#look()
    const before = this.#seen.findLast(({ at }) => at <= fromMs) ?? this.#seen[0]
    const after = this.#seen.find(({ at }) => at >= toMs) ?? this.#seen.at(-1)
    const lost = after?.stolen.map((ms, i) => ms - (before?.stolen[i] ?? ms)) ?? []
    return Math.max(0, ...lost)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
