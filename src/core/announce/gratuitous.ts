/**
 * When to tell the neighbours, unasked, where an address is: at once and then every 1.1 s until
 * 5 s are over, as MetalLB does (internal/layer2/announcer.go, spamLoop).
 */
import { encodeArpAnnouncement } from '../wire/arp.ts'
import { ALL_NODES, encodeNeighbor, multicastMac } from '../wire/icmpv6-nd.ts'
import { interfaceIdentity } from './interfaces.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { allowsInterface } from './vips.ts'
import type { Vip } from './vips.ts'

export const BURSTS = 5
export const INTERVAL_MS = 1100

/** One address to be announced on one interface. */
export interface Announcement {
  readonly vip: Vip
  readonly on: AnnouncingInterface
}

/** `first`: it begins a series, as on a change of owner. */
export interface DueAnnouncement extends Announcement {
  readonly first: boolean
}

interface Due {
  readonly announcement: Announcement
  readonly at: number
}

/**
 * One queue a round: within a round deadlines never fall, so its first is its earliest. Times are
 * in ms of any clock that does not run backwards.
 */
export class GratuitousSchedule {
  #known = new Set<string>()
  readonly #rounds = Array.from({ length: BURSTS }, () => new Map<string, Due>())

  /**
   * Starts what is new, drops what is gone. `again`: starts everything, for when another node may
   * have announced the same addresses in the meantime.
   */
  update(
    now: number,
    vips: Iterable<Vip>,
    interfaces: readonly AnnouncingInterface[],
    again = false,
  ): void {
    const wanted = announcements(vips, interfaces)
    for (const [key, announcement] of wanted) {
      if (this.#known.has(key) && !again) continue
      this.#forget(key)
      this.#rounds[0]?.set(key, { announcement, at: now })
    }
    for (const key of this.#known) if (!wanted.has(key)) this.#forget(key)
    this.#known = new Set(wanted.keys())
  }

  /** When `take` has something next; undefined: never. */
  get deadline(): number | undefined {
    let earliest: number | undefined
    for (const round of this.#rounds) {
      const [first] = round.values()
      if (first && (earliest === undefined || first.at < earliest)) earliest = first.at
    }
    return earliest
  }

  /** At most `limit` that are due, first rounds first: those are fail-overs. */
  take(now: number, limit: number): DueAnnouncement[] {
    const taken: DueAnnouncement[] = []
    for (const [number, round] of this.#rounds.entries()) {
      for (const [key, { announcement, at }] of round) {
        if (at > now || taken.length === limit) break
        round.delete(key)
        this.#rounds[number + 1]?.set(key, { announcement, at: now + INTERVAL_MS })
        taken.push({ ...announcement, first: number === 0 })
      }
    }
    return taken
  }

  #forget(key: string): void {
    for (const round of this.#rounds) round.delete(key)
  }
}

function announcements(
  vips: Iterable<Vip>,
  interfaces: readonly AnnouncingInterface[],
): Map<string, Announcement> {
  const all = new Map<string, Announcement>()
  for (const on of interfaces) {
    const identity = interfaceIdentity(on)
    for (const vip of vips) {
      const speaks = vip.ip.family === 4 ? on.arp : on.linkLocal !== undefined
      if (speaks && allowsInterface(vip, on.name)) all.set(`${vip.text} ${identity}`, { vip, on })
    }
  }
  return all
}

/** IPv4: a request and a reply, since some hosts heed only one of the two. IPv6: one NA. */
export function gratuitousFrames({ vip, on }: Announcement): Uint8Array[] {
  if (vip.ip.family === 4) {
    return [
      encodeArpAnnouncement('request', vip.ip, on.mac),
      encodeArpAnnouncement('reply', vip.ip, on.mac),
    ]
  }
  if (!on.linkLocal) return []
  const advertisement = {
    kind: 'advertisement',
    source: on.linkLocal,
    destination: ALL_NODES,
    target: vip.ip,
    linkLayer: on.mac,
    solicited: false,
    override: true,
  } as const
  return [encodeNeighbor(advertisement, on.mac, multicastMac(ALL_NODES))]
}
