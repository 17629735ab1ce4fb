/**
 * Whether to stay awake for a moment after an answer: to be woken takes longer than to answer, and who asks
 * one after the other asks again soon. But nobody asks meanwhile who waits for the same processor, and
 * mostly nobody asks at all. So it is tried now and then, and done for as long as it pays.
 */
export class Wakefulness {
  #rest = 0
  #left = 0

  /** Asked after each answer. */
  get pays(): boolean {
    if (this.#left === 0) return true
    this.#left--
    return false
  }

  /** What staying awake has come to: a frame came within the moment, or none did. */
  tried(came: boolean): void {
    this.#rest = came ? 0 : Math.min(2 * this.#rest + 1, MOST_REST)
    this.#left = this.#rest
  }
}

/** Answers from one try to the next, where none has paid for long. */
export const MOST_REST = 255
