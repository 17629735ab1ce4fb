/**
 * When to tell the neighbours, unasked, where an address is, and when to ask them whether they have it
 * somewhere else. What is told is MetalLB's (internal/layer2/announcer.go, spamLoop): at once and then
 * every 1.1 s until 5 s are over; after that, beyond MetalLB, now and then for as long as it is ours.
 */
import { encodeArpAnnouncement, encodeArpProbe } from '../wire/arp.ts'
import { ALL_NODES, encodeNeighbor, encodeNeighborProbe, multicastMac } from '../wire/icmpv6-nd.ts'
import { interfaceIdentity } from './interfaces.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { allowsInterface } from './vips.ts'
import type { Vip } from './vips.ts'

export const BURSTS = 5
export const INTERVAL_MS = 1100
/**
 * After the first probe of a new address: the second one, and its announcement. Whoever answers to either
 * is known by then (IDENTIFY_MS), and a thread that is kept waiting for a while still announces within 200 ms.
 */
export const PROBE_AGAIN_MS = 40
export const PROBED_MS = 150
/** A probe after an announcement: by then everybody has heard it. */
const VERIFY_MS = 500

/** One address on one interface. */
export interface Announcement {
  readonly vip: Vip
  readonly on: AnnouncingInterface
}

export interface DueAnnouncement extends Announcement {
  /** `probe`: nobody is told anything, whoever has the address is to say so. */
  readonly sends: 'announcement' | 'probe'
  /** It begins a series, as on a change of owner. */
  readonly first: boolean
}

interface Step {
  readonly sends: DueAnnouncement['sends']
  readonly first?: true
  readonly thenMs: number
  readonly then: StepName | undefined
}
type StepName = (typeof ORDER)[number]

/**
 * Those that go first when not all can: fail-overs, then new addresses, of which those that have been asked
 * for are not kept waiting by those that have not, then what is repeated.
 */
const ORDER = [
  'first',
  'again',
  'firstProbed',
  'probeAgain',
  'probe',
  'verify',
  'second',
  'third',
  'fourth',
  'fifth',
  'refresh',
  'verifyAgain',
] as const

const steps = (refreshMs: number | undefined): Readonly<Record<StepName, Step>> => {
  const announcement = 'announcement' as const
  const probe = 'probe' as const
  const verify = { sends: announcement, thenMs: VERIFY_MS, then: 'verify' } as const
  const burst = { sends: announcement, thenMs: INTERVAL_MS } as const
  const refresh = refreshMs === undefined ? undefined : 'refresh'
  return {
    first: { ...verify, first: true },
    again: { ...verify, first: true },
    probe: { sends: probe, thenMs: PROBE_AGAIN_MS, then: 'probeAgain' },
    probeAgain: { sends: probe, thenMs: PROBED_MS - PROBE_AGAIN_MS, then: 'firstProbed' },
    firstProbed: { ...verify, first: true },
    verify: { sends: probe, thenMs: INTERVAL_MS - VERIFY_MS, then: 'second' },
    second: { ...burst, then: 'third' },
    third: { ...burst, then: 'fourth' },
    fourth: { ...burst, then: 'fifth' },
    fifth: { sends: announcement, thenMs: refreshMs ?? 0, then: refresh },
    refresh: { sends: announcement, thenMs: VERIFY_MS, then: 'verifyAgain' },
    verifyAgain: { sends: probe, thenMs: (refreshMs ?? 0) - VERIFY_MS, then: refresh },
  }
}

interface Due {
  readonly announcement: Announcement
  readonly at: number
}

/** Of `update`. */
export interface Fresh {
  /** Starts everything, for when another node may have announced the same addresses in the meantime. */
  readonly again?: boolean
  /** Those that are asked for on the wire before they are announced for the first time. */
  readonly probed?: (vip: Vip) => boolean
}

/**
 * One queue a step: within a step deadlines never fall, so its first is its earliest. Times are in ms
 * of any clock that does not run backwards.
 */
export class GratuitousSchedule {
  #known = new Set<string>()
  readonly #steps: Readonly<Record<StepName, Step>>
  readonly #queues: Readonly<Record<StepName, Map<string, Due>>>

  /** `refreshMs`: between announcements when the bursts are over; undefined: there are none. */
  constructor(refreshMs?: number) {
    this.#steps = steps(refreshMs)
    const queues = ORDER.map((name) => [name, new Map<string, Due>()] as const)
    this.#queues = Object.fromEntries(queues) as Record<StepName, Map<string, Due>>
  }

  /** Starts what is new, drops what is gone. */
  update(
    now: number,
    vips: Iterable<Vip>,
    interfaces: readonly AnnouncingInterface[],
    { again = false, probed = () => false }: Fresh = {},
  ): void {
    const wanted = announcements(vips, interfaces)
    for (const [key, announcement] of wanted) {
      const known = this.#known.has(key)
      if (known && (!again || !this.#isAnnounced(key))) continue
      this.#forget(key)
      const step = known ? 'again' : probed(announcement.vip) ? 'probe' : 'first'
      this.#queues[step].set(key, { announcement, at: now })
    }
    for (const key of this.#known) if (!wanted.has(key)) this.#forget(key)
    this.#known = new Set(wanted.keys())
  }

  /** When `take` has something next; undefined: never. */
  get deadline(): number | undefined {
    let earliest: number | undefined
    for (const name of ORDER) {
      for (const { at } of this.#queues[name].values()) {
        if (earliest === undefined || at < earliest) earliest = at
        break
      }
    }
    return earliest
  }

  /** What is due, fail-overs first, until about `limit` packets are full. */
  take(now: number, limit: number): DueAnnouncement[] {
    const taken: DueAnnouncement[] = []
    let packets = 0
    for (const name of ORDER) {
      for (const [key, { announcement, at }] of this.#queues[name]) {
        if (at > now || packets >= limit) break
        const due = this.#take(now, name, key, announcement)
        packets += packetsOf(due)
        taken.push(due)
      }
    }
    return taken
  }

  /** What a neighbour asks for is announced before its turn; nothing where it has been already. */
  hasten(
    now: number,
    vip: Vip,
    interfaces: readonly AnnouncingInterface[],
  ): readonly DueAnnouncement[] {
    return interfaces.flatMap((on) => {
      const key = keyOf(vip, on)
      const due = this.#queues.first.get(key)
      return due ? [this.#take(now, 'first', key, due.announcement)] : []
    })
  }

  #take(now: number, name: StepName, key: string, announcement: Announcement): DueAnnouncement {
    const { sends, first = false, thenMs, then } = this.#steps[name]
    this.#queues[name].delete(key)
    if (then) this.#queues[then].set(key, { announcement, at: now + thenMs })
    return { ...announcement, sends, first }
  }

  #isAnnounced(key: string): boolean {
    const { first, probe, probeAgain, firstProbed } = this.#queues
    return ![first, probe, probeAgain, firstProbed].some((queue) => queue.has(key))
  }

  #forget(key: string): void {
    for (const name of ORDER) this.#queues[name].delete(key)
  }
}

const keyOf = (vip: Vip, on: AnnouncingInterface): string => `${vip.text} ${interfaceIdentity(on)}`

const speaks = ({ ip: { family } }: Vip, { arp, linkLocal }: AnnouncingInterface): boolean =>
  family === 4 ? arp : linkLocal !== undefined

/** Where an address is announced. */
export const placesOf = (
  vip: Vip,
  interfaces: readonly AnnouncingInterface[],
): AnnouncingInterface[] =>
  interfaces.filter((on) => speaks(vip, on) && allowsInterface(vip, on.name))

function announcements(
  vips: Iterable<Vip>,
  interfaces: readonly AnnouncingInterface[],
): Map<string, Announcement> {
  const all = new Map<string, Announcement>()
  for (const on of interfaces) {
    const identity = interfaceIdentity(on)
    for (const vip of vips) {
      if (speaks(vip, on) && allowsInterface(vip, on.name)) {
        all.set(`${vip.text} ${identity}`, { vip, on })
      }
    }
  }
  return all
}

const packetsOf = ({ vip, sends }: DueAnnouncement): number =>
  sends === 'announcement' && vip.ip.family === 4 ? 2 : 1

/** "Has anybody this address?" */
export const probeFrame = ({ vip: { ip }, on: { mac } }: Announcement): Uint8Array =>
  ip.family === 4 ? encodeArpProbe(ip, mac) : encodeNeighborProbe(ip, mac)

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
