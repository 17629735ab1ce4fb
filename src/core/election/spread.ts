/**
 * An even spread of addresses over nodes: consistent hashing with bounded loads (Mirrokni, Thorup,
 * Zadimoghaddam 2018). Each address goes to the first of its order of election that has room, and room is
 * 1.25 times the mean. So most addresses are where MetalLB would have them.
 *
 * Seats are given from the oldest Service to the youngest, so that a new one displaces no older one; now and
 * then it makes more room, and an older one goes where it would be by its hash. Nobody's seat depends on who
 * lives or has endpoints: a death moves only what was there. Who sits elsewhere for a while is the affair of
 * owners.ts.
 */

/** No node has more than this times the mean, rounded up. */
export const SLACK = { times: 5, by: 4 } as const

/** Where an address belongs. */
export interface Seat {
  /** Addresses that are owned together: Services may share one, and have several. */
  readonly group: string
  /** The node. */
  readonly home: string
}

/** What one Service wants. */
export interface Party {
  readonly ips: readonly string[]
  /** Nodes, all preferred alike, in order of election. */
  readonly seats: readonly string[]
}

/** By address; those that no node may have are left out. `parties`: the oldest first. */
export function seatAll(parties: readonly Party[]): Map<string, Seat> {
  const groupOf = grouping(parties)
  const wanted = new Map<string, readonly string[]>()
  for (const { ips, seats } of parties) {
    const group = groupOf(ips[0] ?? '')
    if (ips.length > 0 && seats.length > 0 && !wanted.has(group)) wanted.set(group, seats)
  }
  const room = roomFor(wanted.size, new Set([...wanted.values()].flat()).size)
  const loads = new Loads()
  const homes = new Map<string, string>()
  for (const [group, seats] of wanted) {
    const home = loads.choose(seats, room)
    if (home === undefined) continue
    loads.add(home)
    homes.set(group, home)
  }
  const seated = new Map<string, Seat>()
  for (const { ips } of parties) {
    for (const ip of ips) {
      const group = groupOf(ip)
      const home = homes.get(group)
      if (home !== undefined) seated.set(ip, { group, home })
    }
  }
  return seated
}

/** How many of `count` each of `nodes` may have. */
export const roomFor = (count: number, nodes: number): number =>
  Math.ceil((SLACK.times * count) / (SLACK.by * nodes))

/** How many each node has. */
export class Loads {
  readonly #loads = new Map<string, number>()

  add(node: string): void {
    this.#loads.set(node, this.of(node) + 1)
  }

  of(node: string): number {
    return this.#loads.get(node) ?? 0
  }

  /** How many nodes have any. */
  get size(): number {
    return this.#loads.size
  }

  /** The first that has fewer than `room`; where all are full, the least loaded. */
  choose(order: Iterable<string>, room: number): string | undefined {
    let least: string | undefined
    for (const node of order) {
      if (this.of(node) < room) return node
      if (least === undefined || this.of(node) < this.of(least)) least = node
    }
    return least
  }
}

/** Names the group of an address: Services that share one are in the same, with all they have. */
function grouping(parties: readonly Party[]): (ip: string) => string {
  const above = new Map<string, string>()
  const groupOf = (ip: string): string => {
    let top = ip
    for (let up = above.get(top); up !== undefined; up = above.get(top)) top = up
    return top
  }
  for (const { ips } of parties) {
    for (const ip of ips.slice(1)) {
      const [group, other] = [groupOf(ips[0] ?? ''), groupOf(ip)]
      if (group !== other) above.set(other, group)
    }
  }
  return groupOf
}
