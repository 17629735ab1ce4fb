/** Members as the election sees them. */
import type { Electorate } from '../election/owners.ts'
import { isMarked, isSettled } from './mark.ts'
import type { Member } from './members.ts'

/** `usable`: members alive and suspect, ourselves among them. */
export function electorateOf(usable: readonly Member[]): Electorate {
  const names = (members: readonly Member[]) => new Set(members.map(({ name }) => name))
  const allOurs = usable.every(({ meta }) => isMarked(meta))
  return {
    usable: names(usable),
    settled: allOurs ? names(usable.filter(({ meta }) => isSettled(meta))) : undefined,
  }
}
