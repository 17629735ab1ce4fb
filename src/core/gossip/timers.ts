/** What is to happen when, in a state machine without a clock: the shell asks for the next deadline. */

interface Timer {
  readonly at: number
  readonly sequence: number
  fire(now: number): void
}

export class Timers {
  readonly #timers = new Set<Timer>()
  #sequence = 0

  /** Returns what cancels it; cancelling late is harmless. */
  set(at: number, fire: (now: number) => void): () => void {
    const timer = { at, sequence: this.#sequence++, fire }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  next(): number | undefined {
    return this.#first()?.at
  }

  /** Fires all that is due, earliest first; what a firing sets in the past fires too. */
  run(now: number): void {
    for (let timer = this.#first(); timer && timer.at <= now; timer = this.#first()) {
      this.#timers.delete(timer)
      timer.fire(now)
    }
  }

  clear(): void {
    this.#timers.clear()
  }

  #first(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      const before =
        !first || timer.at < first.at || (timer.at === first.at && timer.sequence < first.sequence)
      if (before) first = timer
    }
    return first
  }
}
