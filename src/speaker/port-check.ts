/**
 * Tries the gossip port of every other speaker by TCP: those that do not answer at each round, of the
 * others one. Joining alone would not find it: news of a member comes by way of others.
 */
import type { Door } from '../adapters/tcp-door.ts'
import type { DoorState } from '../core/diagnosis/problems.ts'
import type { Clock } from '../ports/clock.ts'

const ROUND_MS = 3000
/** Tries in one round; more than that many closed ports are found out in several. */
const AT_ONCE = 16

export class PortCheck {
  readonly #clock: Clock
  readonly #knock: (address: string) => Promise<Door>
  readonly #states = new Map<string, { readonly door: Door; readonly since: number }>()
  /** In the order in which they are tried. */
  #addresses: readonly string[] = []
  #timer: { cancel(): void } | undefined

  constructor(clock: Clock, knock: (address: string) => Promise<Door>) {
    this.#clock = clock
    this.#knock = knock
    this.#timer = clock.after(ROUND_MS, () => void this.#round())
  }

  set(addresses: readonly string[]): void {
    const wanted = new Set(addresses)
    for (const address of this.#states.keys()) {
      if (!wanted.has(address)) this.#states.delete(address)
    }
    const known = this.#addresses.filter((address) => wanted.has(address))
    this.#addresses = [...new Set([...known, ...addresses])]
  }

  states(now: number): Map<string, DoorState> {
    return new Map(
      [...this.#states].map(([address, { door, since }]) => [
        address,
        { door, forMs: now - since },
      ]),
    )
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #round(): Promise<void> {
    const isOpen = (address: string) => this.#states.get(address)?.door === 'open'
    const closed = this.#addresses.filter((address) => !isOpen(address)).slice(0, AT_ONCE)
    const tried = [...closed, ...this.#addresses.filter(isOpen).slice(0, 1)]
    this.#addresses = [...this.#addresses.filter((it) => !tried.includes(it)), ...tried]
    const startedAt = this.#clock.now()
    await Promise.all(
      tried.map(async (address) => {
        const door = await this.#knock(address)
        // Gone meanwhile, or closed.
        if (!this.#timer || !this.#addresses.includes(address)) return
        const before = this.#states.get(address)
        const same = before && (before.door === 'open') === (door === 'open')
        this.#states.set(address, { door, since: same ? before.since : startedAt })
      }),
    )
    if (this.#timer) this.#timer = this.#clock.after(ROUND_MS, () => void this.#round())
  }
}
