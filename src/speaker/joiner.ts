/**
 * Keeps asking the speakers that the API names, until each is a member. Soon at first, since a whole
 * cluster may be starting; then now and then, since a partition may have torn it.
 */
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

const EAGER_MS = 2000
const EAGER_FOR_MS = 60_000
const PATIENT_MS = 10_000
/** Without any word of other speakers: this long after the first candidacies nobody is waited for. */
const ALONE_MS = 3000

export interface JoinerDeps {
  readonly clock: Clock
  readonly log: Log
  /** Own address: not asked. */
  readonly self: string
  readonly isMember: (address: string) => boolean
  readonly join: (address: string) => Promise<boolean>
  /** The first round is over: everybody who could be reached knows of us. Called once. */
  joined(): void
}

export class Joiner {
  readonly #deps: JoinerDeps
  readonly #startedAt: number
  readonly #trying = new Set<string>()
  #wanted: readonly string[] = []
  #joined = false
  #closed = false
  #timer: { cancel(): void } | undefined

  constructor(deps: JoinerDeps) {
    this.#deps = deps
    this.#startedAt = deps.clock.now()
  }

  get joined(): boolean {
    return this.#joined
  }

  want(addresses: readonly string[]): void {
    this.#wanted = addresses.filter((address) => address !== this.#deps.self)
    void this.#round()
  }

  /** There is something to announce. If nobody has named other speakers soon, there are none. */
  expectSoon(): void {
    if (!this.#joined) this.#deps.clock.after(ALONE_MS, () => this.#done())
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  async #round(): Promise<void> {
    this.#timer?.cancel()
    const { clock, log, join, isMember } = this.#deps
    const missing = this.#wanted.filter((it) => !isMember(it) && !this.#trying.has(it))
    await Promise.all(
      missing.map(async (address) => {
        this.#trying.add(address)
        const ok = await join(address)
        this.#trying.delete(address)
        log[ok ? 'info' : 'debug'](ok ? 'gossip-joined' : 'gossip-join-failed', { address })
      }),
    )
    if (this.#closed) return
    if (this.#trying.size === 0) this.#done()
    const eager = clock.now() - this.#startedAt < EAGER_FOR_MS
    this.#timer?.cancel()
    this.#timer = clock.after(eager ? EAGER_MS : PATIENT_MS, () => void this.#round())
  }

  #done(): void {
    if (this.#joined || this.#closed) return
    this.#joined = true
    this.#deps.joined()
  }
}
