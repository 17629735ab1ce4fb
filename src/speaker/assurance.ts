/**
 * A node that slept, or was starved, does not know what became of its addresses meanwhile. So the packet
 * thread answers only under a lease, which the gossip thread renews while it runs on time. One that
 * finds itself late lets the lease lapse, asks other members what they hold of it, and only then vouches
 * for the table again: a sleeper yields before it answers a single request that it no longer owns.
 */
import type { Clock } from '../ports/clock.ts'

/** Others that are asked after a sleep; the first answer counts. */
const ASKED = 3
/**
 * Nobody answers: cut off, hence nobody hears us either, or alone. Who has no speaker any more refuses at
 * once; who is this late is late itself, and what is not known costs a second owner.
 */
const ANSWER_MS = 2000

export interface AssuranceDeps {
  readonly clock: Clock
  /** How long the packet thread may answer on our last word. */
  readonly sureMs: number
  /** Vouches for what the packet thread was told, for so long. */
  readonly renew: (ms: number) => void
  /** Asks up to `count` members for their view; resolves with the first that is taken in. */
  readonly ask: (count: number) => Promise<unknown>
  /** We slept: nothing that was held is ours any more. */
  readonly slept: (ms: number) => void
  /** We know again: the table is to be told anew. */
  readonly awake: () => void
}

export class Assurance {
  readonly #deps: AssuranceDeps
  #sureUntil: number
  #asking = false
  #timer: { cancel(): void } | undefined

  constructor(deps: AssuranceDeps) {
    this.#deps = deps
    this.#sureUntil = deps.clock.now() + deps.sureMs
    this.#beat()
  }

  /** True while what is told to the packet thread may be answered for. */
  get sure(): boolean {
    return !this.#asking
  }

  /** Vouches for a while where it is on time, which it looks at again before that while is over. */
  #beat(): void {
    const { clock, sureMs, renew } = this.#deps
    const now = clock.now()
    this.#timer?.cancel()
    this.#timer = clock.after(sureMs / 5, () => this.#beat())
    if (this.#asking) return
    if (now > this.#sureUntil) {
      void this.#wake(now - this.#sureUntil + sureMs)
      return
    }
    this.#sureUntil = now + sureMs
    renew(sureMs)
  }

  close(): void {
    this.#timer?.cancel()
  }

  async #wake(sleptMs: number): Promise<void> {
    const { clock, ask, slept, awake, sureMs } = this.#deps
    this.#asking = true
    slept(sleptMs)
    const limit = new Promise<void>((resolve) => clock.after(ANSWER_MS, resolve))
    await Promise.race([ask(ASKED), limit])
    this.#asking = false
    awake()
    this.#sureUntil = clock.now() + sureMs
    this.#beat()
  }
}
