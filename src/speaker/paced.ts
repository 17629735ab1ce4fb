/**
 * Work on all addresses at once costs more with each of them, and is wanted the more often the more there are.
 * So it is done at once when it is first wanted, and then not before a rest that is some times as long as it
 * took: it never takes more than its share of a thread, however many addresses there are. What is wanted
 * meanwhile is done in one.
 */
import type { Clock } from '../ports/clock.ts'

/** A timer would take longer. */
const NO_REST_MS = 1

export interface PacedWork {
  readonly clock: Clock
  /** How many times as long as it took it rests. */
  readonly rests: number
  /** Over when it returns, or resolves: for what others do on its account, when they have done it. */
  readonly work: () => void | Promise<void>
}

export class Paced {
  readonly #deps: PacedWork
  #busy = false
  #wanted = false
  #closed = false
  #timer: { cancel(): void } | undefined

  constructor(deps: PacedWork) {
    this.#deps = deps
  }

  /** It is to be done: now, or when it has rested. */
  want(): void {
    this.#wanted = true
    if (!this.#busy && !this.#closed) this.#run()
  }

  /** Nothing is done any more. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #run(): void {
    const { clock, work } = this.#deps
    this.#busy = true
    this.#wanted = false
    const startedAt = clock.now()
    const done = work()
    if (done) void done.then(() => this.#rest(startedAt))
    else this.#rest(startedAt)
  }

  #rest(startedAt: number): void {
    const { clock, rests } = this.#deps
    const restMs = (clock.now() - startedAt) * rests
    if (restMs < NO_REST_MS) return this.#rested()
    this.#timer = clock.after(restMs, () => this.#rested())
  }

  #rested(): void {
    this.#busy = false
    if (this.#wanted && !this.#closed) this.#run()
  }
}
