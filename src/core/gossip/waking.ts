/**
 * Who slept listens first. A process that was stopped, or starved, finds its timers overdue and its
 * socket full. To conclude from the timers that nobody answered would be wrong: what has come is read
 * before they run, in whichever order the event loop brings both.
 */
import type { Timers } from './timers.ts'

/** A timer later than this: the process did not run. */
export const LATE_MS = 100
/** What reading a full socket buffer takes. */
const LISTEN_MS = 20

export class Waking {
  readonly #timers: Timers
  readonly #slept: (ms: number, now: number) => void
  #listeningUntil = -Infinity

  /** `slept`: told once, when it wakes, for how long at least. */
  constructor(timers: Timers, slept: (ms: number, now: number) => void) {
    this.#timers = timers
    this.#slept = slept
  }

  /** Fires what is due, but after a sleep a moment later. */
  run(now: number): void {
    const late = this.#timers.lateBy(now)
    // Overdue since before it listened: once is enough.
    if (late > LATE_MS && now - late > this.#listeningUntil) {
      this.#listeningUntil = now + LISTEN_MS
      this.#slept(late, now)
    }
    if (now >= this.#listeningUntil) this.#timers.run(now)
  }

  /** When `run` is wanted next. */
  next(): number | undefined {
    const next = this.#timers.next()
    return next === undefined ? undefined : Math.max(next, this.#listeningUntil)
  }
}
