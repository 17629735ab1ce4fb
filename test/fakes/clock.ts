/** Time that moves only when told to. */
import type { Clock } from '../../src/ports/clock.ts'

export class FakeClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; fire(): void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, fire: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** Moves on, firing what comes due in its order; lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.fire()
      await settle()
    }
    this.#now = end
    await settle()
  }
}

/** Lets everything that waits for nothing but its turn have it. */
export const settle = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
