/**
 * Brings something about at the API server: one attempt at a time, another where things have changed
 * meanwhile, and a later one where it failed.
 */
import type { Clock } from '../ports/clock.ts'
import { retryMs } from '../ports/cluster.ts'
import type { Trouble } from './trouble.ts'

const RETRY_MS = 2000

export interface SettlerDeps {
  readonly clock: Clock
  /** Is told of failures. */
  readonly trouble: Trouble
  /** Ends it: no attempt begins any more. */
  readonly signal: AbortSignal
}

export class Settler {
  readonly #deps: SettlerDeps
  readonly #attempt: () => Promise<void>
  #busy = false
  #again = false

  /** `attempt` looks at how things are, and does what is missing. */
  constructor(deps: SettlerDeps, attempt: () => Promise<void>) {
    this.#deps = deps
    this.#attempt = attempt
  }

  /** Things have changed. */
  touch(): void {
    if (this.#deps.signal.aborted) return
    if (this.#busy) this.#again = true
    else void this.#settle()
  }

  async #settle(): Promise<void> {
    const { clock, trouble, signal } = this.#deps
    this.#busy = true
    try {
      do {
        this.#again = false
        await this.#attempt()
      } while (this.#again && !signal.aborted)
      trouble.over()
    } catch (error) {
      if (signal.aborted) return
      trouble.happened({ error })
      clock.after(retryMs(error, RETRY_MS), () => this.touch())
    } finally {
      this.#busy = false
    }
  }
}
