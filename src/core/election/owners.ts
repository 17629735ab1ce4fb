/** Who owns what, given who is alive: a pure function, run wherever the answer is needed first. */
import type { Candidacy } from './candidacy.ts'

export interface Ownership {
  readonly service: string
  readonly ip: string
  /** Undefined: no candidate is alive. */
  readonly owner: string | undefined
}

/** Who may own something now. */
export interface Electorate {
  /** Members alive and suspect. */
  readonly usable: ReadonlySet<string>
  /**
   * Those of them that may take what others own (core/gossip/settling.ts). Undefined where a member is
   * not ours: then MetalLB's rule holds, which knows of no waiting.
   */
  readonly settled: ReadonlySet<string> | undefined
}

/**
 * The first of the order that is settled, else the first that is usable: where nobody is settled, an
 * address is not left without an owner. `electorate` undefined: membership is off, all nodes count.
 */
export function ownerOf(
  order: readonly string[],
  electorate: Electorate | undefined,
): string | undefined {
  if (!electorate) return order[0]
  const { usable, settled } = electorate
  const first = order.find((node) => usable.has(node))
  return (settled && order.find((node) => usable.has(node) && settled.has(node))) ?? first
}

export const owners = (
  candidacies: readonly Candidacy[],
  electorate: Electorate | undefined,
): Ownership[] =>
  candidacies.map(({ service, ip, order }) => ({ service, ip, owner: ownerOf(order, electorate) }))

/**
 * Why that one, for people: `first of 3 candidates`, `next after w1 (nodeGone), w3 (settling)`.
 * `absent`: what is known of a node that is no member.
 */
export function whyOwner(
  order: readonly string[],
  owner: string | undefined,
  electorate: Electorate | undefined,
  absent: (node: string) => string,
): string {
  const passed = owner === undefined ? order : order.slice(0, order.indexOf(owner))
  const reasons = passed.map((node) => {
    return `${node} (${electorate?.usable.has(node) ? 'not settled yet' : absent(node)})`
  })
  if (owner === undefined) {
    return reasons.length === 0 ? 'no candidates' : `no candidate is alive: ${reasons.join(', ')}`
  }
  if (reasons.length > 0) return `next after ${reasons.join(', ')}`
  return order.length === 1 ? 'the only candidate' : `first of ${order.length} candidates`
}

/** An address this node announces. */
export interface AnnouncedVip {
  readonly ip: string
  readonly interfaces: readonly string[] | 'all'
}

/** By address what `self` announces, each with the interfaces of all Services that share it. */
export function announcedBy(
  self: string,
  candidacies: readonly Candidacy[],
  electorate: Electorate | undefined,
): Map<string, AnnouncedVip> {
  const interfaces = new Map<string, Set<string> | 'all'>()
  for (const candidacy of candidacies) {
    if (ownerOf(candidacy.order, electorate) !== self) continue
    const united = interfaces.get(candidacy.ip) ?? new Set()
    if (united === 'all' || candidacy.interfaces === 'all') interfaces.set(candidacy.ip, 'all')
    else interfaces.set(candidacy.ip, united.union(new Set(candidacy.interfaces)))
  }
  return new Map(
    [...interfaces].map(([ip, names]) => [
      ip,
      { ip, interfaces: names === 'all' ? 'all' : [...names].sort() },
    ]),
  )
}
