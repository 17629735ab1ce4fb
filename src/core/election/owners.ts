/** Who owns what, given who is alive: a pure function, run wherever the answer is needed first. */
import type { Candidacy } from './candidacy.ts'

export interface Ownership {
  readonly service: string
  readonly ip: string
  /** Undefined: no candidate is alive. */
  readonly owner: string | undefined
}

/** `alive` undefined: membership is off, so every node counts as alive. */
export function owners(
  candidacies: readonly Candidacy[],
  alive: ReadonlySet<string> | undefined,
): Ownership[] {
  return candidacies.map(({ service, ip, order }) => ({
    service,
    ip,
    owner: order.find((node) => alive?.has(node) ?? true),
  }))
}

/** An address this node announces. */
export interface AnnouncedVip {
  readonly ip: string
  readonly interfaces: readonly string[] | 'all'
}

/** What `self` announces: one entry an address, with the interfaces of all Services that share it. */
export function announcedBy(
  self: string,
  candidacies: readonly Candidacy[],
  alive: ReadonlySet<string> | undefined,
): AnnouncedVip[] {
  const interfaces = new Map<string, Set<string> | 'all'>()
  for (const candidacy of candidacies) {
    if (candidacy.order.find((node) => alive?.has(node) ?? true) !== self) continue
    const united = interfaces.get(candidacy.ip) ?? new Set()
    if (united === 'all' || candidacy.interfaces === 'all') interfaces.set(candidacy.ip, 'all')
    else interfaces.set(candidacy.ip, united.union(new Set(candidacy.interfaces)))
  }
  return [...interfaces].map(([ip, names]) => ({
    ip,
    interfaces: names === 'all' ? 'all' : [...names].sort(),
  }))
}
