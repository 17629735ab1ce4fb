/** A bound on packets a second: what is sent must have been saved up, and only so much is saved. */
export class Pace {
  readonly #perMs: number
  readonly #most: number
  #saved: number
  #at: number | undefined

  /** `perSecond` Infinity: no bound. `most`: may leave at once after a rest. */
  constructor(perSecond: number, most: number) {
    this.#perMs = perSecond / 1000
    this.#most = most
    this.#saved = most
  }

  /** How many may leave now. `now`: ms of a clock that does not run backwards. */
  available(now: number): number {
    if (this.#perMs === Infinity) return Infinity
    this.#saved = Math.min(this.#most, this.#saved + (now - (this.#at ?? now)) * this.#perMs)
    this.#at = now
    return Math.max(0, Math.floor(this.#saved))
  }

  /** These have left. They may be more than there were: then there is the longer a rest. */
  spend(packets: number): void {
    this.#saved -= packets
  }

  /** When one more may leave. */
  readyAt(now: number): number {
    return this.available(now) > 0 ? now : now + (1 - this.#saved) / this.#perMs
  }
}
