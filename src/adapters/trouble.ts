/**
 * What goes wrong again and again, told so that nobody has to read it again and again: at once when it
 * begins, then ever more seldom, and once when it is over.
 */
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

const FIRST_REMINDER_MS = 60_000
const LAST_REMINDER_MS = 3_600_000

export class Trouble {
  readonly #clock: Clock
  readonly #log: Log
  readonly #event: string
  readonly #overEvent: string
  /** Whom it is about, as long as it is. */
  readonly #about = new Set<string>()
  #times = 0
  #since = 0
  #told = 0
  #reminderMs = FIRST_REMINDER_MS

  /** `event`: it is so; `overEvent`: it no longer is. */
  constructor(clock: Clock, log: Log, event: string, overEvent: string) {
    this.#clock = clock
    this.#log = log
    this.#event = event
    this.#overEvent = overEvent
  }

  get stands(): boolean {
    return this.#about.size > 0
  }

  /** It is so, or still so. `about`: whom it is about, where that may be several. */
  happened(fields: object, about = ''): void {
    const now = this.#clock.now()
    this.#about.add(about)
    if (this.#times++ === 0) {
      this.#since = this.#told = now
      this.#reminderMs = FIRST_REMINDER_MS
      return this.#log.warn(this.#event, fields)
    }
    if (now - this.#told < this.#reminderMs) return
    this.#told = now
    this.#reminderMs = Math.min(LAST_REMINDER_MS, 2 * this.#reminderMs)
    this.#log.warn(this.#event, { ...fields, times: this.#times, forMs: this.#forMs })
  }

  /** It is so no more, of `about`; told when it is so of nobody. Says nothing where nothing was wrong. */
  over(about = ''): void {
    if (!this.#about.delete(about) || this.#about.size > 0) return
    this.#log.info(this.#overEvent, { times: this.#times, forMs: this.#forMs })
    this.#times = 0
  }

  get #forMs(): number {
    return Math.round(this.#clock.now() - this.#since)
  }
}
