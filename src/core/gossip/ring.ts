/**
 * Who watches whom: members stand on a ring by the hash of their names, and each is watched by the next
 * few. Every member computes the same from the same names, and a rack whose nodes are numbered in a
 * row does not watch itself.
 */
import { electionHash } from '../election/order.ts'

const positions = new Map<string, string>()
const MOST_POSITIONS = 20_000

function position(name: string): string {
  const known = positions.get(name)
  if (known !== undefined) return known
  if (positions.size >= MOST_POSITIONS) positions.clear()
  const at = electionHash(name, 'ring')
  positions.set(name, at)
  return at
}

export interface OnRing {
  readonly name: string
  /** Others, such as MetalLB's speakers, are watched but do not watch. */
  readonly watches: boolean
}

/** The members that `self` watches, each with all of its watchers, `self` among them. */
export const watchedBy = (
  self: string,
  members: readonly OnRing[],
  count: number,
): Map<string, readonly string[]> =>
  new Map([...watchersOf(members, count)].filter(([, watchers]) => watchers.includes(self)))

/** Each member with its watchers. */
export function watchersOf(
  members: readonly OnRing[],
  count: number,
): Map<string, readonly string[]> {
  const ring = members
    .map((member) => ({ ...member, at: position(member.name) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
  const places = ring.flatMap(({ watches }, place) => (watches ? [place] : []))
  const watched = new Map<string, readonly string[]>()
  let after = 0
  for (const [place, { name }] of ring.entries()) {
    while ((places[after] ?? Infinity) <= place) after++
    const watchers: string[] = []
    for (let step = 0; step < places.length && watchers.length < count; step++) {
      const next = places[(after + step) % places.length] ?? place
      if (next !== place) watchers.push(ring[next]?.name ?? '')
    }
    watched.set(name, watchers)
  }
  return watched
}
