/** Tells the other speakers on which interfaces this node cannot announce, as that changes. */
import { UplinkWatch } from '../core/announce/uplinks.ts'
import type { Uplinks } from '../core/announce/uplinks.ts'
import type { Clock } from '../ports/clock.ts'
import type { Candidacy } from './messages.ts'

export interface UplinkTellerOptions {
  readonly clock: Clock
  /** How long an interface that is back must stay so. */
  readonly returnDelayMs: number
  /** Called with the whole of it. */
  readonly tell: (uplinks: Uplinks) => void
}

export class UplinkTeller {
  readonly #options: UplinkTellerOptions
  readonly #watch: UplinkWatch
  /** Those that qualify; undefined: not known yet. */
  #interfaces: ReadonlySet<string> | undefined
  /** Those that advertisements list for this node. */
  #listed: ReadonlySet<string> = new Set()
  #told = '[]'
  #timer: { cancel(): void } | undefined

  constructor(options: UplinkTellerOptions) {
    this.#options = options
    this.#watch = new UplinkWatch(options.returnDelayMs)
  }

  setInterfaces(names: readonly string[]): void {
    this.#interfaces = new Set(names)
    this.#update()
  }

  setCandidacies(candidacies: readonly Candidacy[]): void {
    const lists = candidacies.map(({ interfaces }) => (interfaces === 'all' ? [] : interfaces))
    this.#listed = new Set(lists.flat())
    this.#update()
  }

  close(): void {
    this.#interfaces = undefined
    this.#timer?.cancel()
  }

  #update(): void {
    if (!this.#interfaces) return
    const { clock, tell } = this.#options
    this.#watch.update(this.#listed, this.#interfaces, clock.now())
    const { told, nextDeadline } = this.#watch
    this.#timer?.cancel()
    if (nextDeadline !== undefined) {
      const ms = Math.max(0, nextDeadline - clock.now())
      this.#timer = clock.after(ms, () => this.#update())
    }
    const text = JSON.stringify([...told])
    if (text === this.#told) return
    this.#told = text
    tell(told)
  }
}
