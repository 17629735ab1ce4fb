/** Who may own what as members say it now, and again at the moment when those count that have just settled. */
import type { Electorate } from '../core/election/owners.ts'
import { Electors } from '../core/gossip/electorate.ts'
import type { Member } from '../core/gossip/members.ts'
import type { Clock } from '../ports/clock.ts'

export class ElectorateClock {
  readonly #clock: Clock
  readonly #due: () => void
  #electors = new Electors()
  #timer: { cancel(): void } | undefined

  /** `due`: what `of` answers has changed, though no member has. */
  constructor(clock: Clock, due: () => void) {
    this.#clock = clock
    this.#due = due
  }

  /** `usable`: members alive and suspect. */
  of(usable: readonly Member[]): Electorate {
    const now = this.#clock.now()
    const electorate = this.#electors.electorate(usable, now)
    this.#timer?.cancel()
    const at = this.#electors.nextDeadline
    if (at !== undefined) this.#timer = this.#clock.after(Math.max(0, at - now), this.#due)
    return electorate
  }

  /** We were not there for a while: who has settled meanwhile counts at once, and may have what was ours. */
  forget(): void {
    this.#electors = new Electors()
  }

  close(): void {
    this.#timer?.cancel()
  }
}
