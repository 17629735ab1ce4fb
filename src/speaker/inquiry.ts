/** Questions to another thread, which answers soon or counts as not answering. */
import type { Clock } from '../ports/clock.ts'

export class Inquiry<T> {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #post: () => void
  readonly #waiting = new Set<(answer: { readonly answer: T } | undefined) => void>()

  /** `post` sends the question. */
  constructor(clock: Clock, limitMs: number, post: () => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#post = post
  }

  /** Undefined: no answer in time. */
  ask(): Promise<{ readonly answer: T } | undefined> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(this.#limitMs, () => settle(undefined))
      const settle = (answer: { readonly answer: T } | undefined) => {
        timer.cancel()
        this.#waiting.delete(settle)
        resolve(answer)
      }
      this.#waiting.add(settle)
      this.#post()
    })
  }

  /** For all who wait: it is as fresh as their questions. */
  answered(answer: T): void {
    for (const settle of this.#waiting) settle({ answer })
  }
}
