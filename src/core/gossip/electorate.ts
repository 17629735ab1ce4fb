/**
 * Members as the election sees them. Those that settle together tell so within moments, one after
 * another. Not to move anything to the first of them only to move it again, one that settles counts as
 * such a moment later.
 */
import type { Electorate } from '../election/owners.ts'
import { isMarked, isSettled, spreads, uplinksOf } from './mark.ts'
import type { Member } from './members.ts'

/** `usable`: members alive and suspect, ourselves among them. */
export function electorateOf(usable: readonly Member[]): Electorate {
  const names = (members: readonly Member[]) => new Set(members.map(({ name }) => name))
  const allOurs = usable.every(({ meta }) => isMarked(meta))
  return {
    usable: names(usable),
    settled: allOurs ? names(usable.filter(({ meta }) => isSettled(meta))) : undefined,
    uplinks: new Map(usable.map(({ name, meta }) => [name, uplinksOf(meta)])),
    spreads: usable.every(({ meta }) => spreads(meta)),
  }
}

const MOMENT_MS = 100

export class Electors {
  /** Usable when last looked at, and not settled. */
  #unsettled: ReadonlySet<string> = new Set()
  /** Those of them that have settled since, and count from then on. */
  readonly #countFrom = new Map<string, number>()

  electorate(usableMembers: readonly Member[], now: number): Electorate {
    const electorate = electorateOf(usableMembers)
    const { usable, settled } = electorate
    if (!settled) return electorate
    if ((this.nextDeadline ?? Infinity) <= now) this.#countFrom.clear()
    for (const name of this.#countFrom.keys()) {
      if (!settled.has(name)) this.#countFrom.delete(name)
    }
    for (const name of settled) {
      if (this.#unsettled.has(name)) this.#countFrom.set(name, now + MOMENT_MS)
    }
    this.#unsettled = usable.difference(settled)
    return { ...electorate, settled: settled.difference(new Set(this.#countFrom.keys())) }
  }

  /** When somebody counts who does not yet. The last of those that settle together ends it for all. */
  get nextDeadline(): number | undefined {
    return this.#countFrom.size === 0 ? undefined : Math.max(...this.#countFrom.values())
  }
}
