/**
 * The fast detector: beside SWIM's random probing each member is watched by a few fixed others, which
 * ping it often. Three silences are told apart by what the member's kernel says, and each has its own
 * patience:
 *
 * - it refuses the ping (nobody listens there any more): the speaker is gone, its node lives;
 * - it does not answer a TCP connection either: node or cable is gone. Kernels do not pause to collect
 *   garbage, so this may be quick;
 * - it answers, the speaker does not: paused or starved. Clients that know the MAC are still served, so
 *   this is given more time.
 *
 * A verdict is an ordinary `suspect` message; when most of a member's watchers agree, an ordinary
 * `dead`. A watcher that was itself late, or hears nothing from anybody it watches, accuses nobody.
 */
import type { Random } from '../random.ts'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import type { Ping } from '../wire/memberlist/messages.ts'
import type { Detection } from './detection.ts'
import type { Address } from './effects.ts'
import { isMarked } from './mark.ts'
import { addressOf } from './members.ts'
import type { Member, Members } from './members.ts'
import { watchedBy } from './ring.ts'
import type { Timers } from './timers.ts'

/** How a member was lost. */
export type Cause = 'speakerGone' | 'nodeGone' | 'speakerSilent'

/** Why a silence was not held against a member. */
export type Withheld =
  /** This node slept itself. */
  | 'late'
  /** Nobody it watches can be heard: it is more likely its own cable. */
  | 'allSilent'

export interface WatchActions {
  /** By a connected socket. */
  ping(to: Address, ping: Ping): void
  knock(to: Address): void
  /** Told again while the verdict stands: it may get lost. */
  accuse(member: Member, watchers: readonly string[], now: number): void
  /** Most watchers agree. */
  dead(member: Member, cause: Cause, accusers: readonly string[], now: number): void
  withheld(reason: Withheld, member: string): void
}

/** Sequence numbers of watch pings have the top bit set; the prober's never do. */
const SEQ_BIT = 0x8000_0000
/** Joins come by the hundred, in one push/pull: the ring is looked at this long after the first. */
const RING_MS = 20
/** Pings whose answers are still recognized: seconds' worth, even in a hurry. */
const REMEMBERED = 1024

interface Watched {
  readonly member: Member
  readonly address: Address
  watchers: readonly string[]
  /** It has answered a ping of ours: only then does its silence mean anything. */
  heard: boolean
  /** Its kernel has answered a knock: where a firewall swallows them their silence means nothing. */
  knockable: boolean
  /** First ping since the last answer; undefined: the last ping was answered. */
  waitingSince: number | undefined
  /** Last word of its kernel: an answer, a refusal, a connection. */
  kernelAt: number
  refused: boolean
  /** Asked last with a knock. */
  hurriedAt: number
  /** Who accused it, and when last; ourselves included. */
  readonly accusers: Map<string, number>
  /** Told once for each silence. */
  told: Withheld | undefined
  cancel(): void
}

export class Watch {
  readonly #self: string
  readonly #detection: Detection
  readonly #random: Random
  readonly #members: Members
  readonly #timers: Timers
  readonly #actions: WatchActions
  readonly #watched = new Map<string, Watched>()
  readonly #sent = new Map<number, string>()
  #seqNo = 0
  /** Set while the ring is to be looked at again. */
  #update: (() => void) | undefined

  constructor(
    options: { readonly self: string; readonly detection: Detection; readonly random: Random },
    members: Members,
    timers: Timers,
    actions: WatchActions,
  ) {
    this.#self = options.self
    this.#detection = options.detection
    this.#random = options.random
    this.#members = members
    this.#timers = timers
    this.#actions = actions
  }

  /** Membership changed: whom to watch follows from it, soon, and once for many changes. */
  changed(name: string, now: number): void {
    const state = this.#members.get(name)?.state
    if (state !== 'alive' && state !== 'suspect') this.#forget(name)
    this.#update ??= this.#timers.set(now + RING_MS, (at) => {
      this.#update = undefined
      this.#look(at)
    })
  }

  #forget(name: string): void {
    this.#watched.get(name)?.cancel()
    this.#watched.delete(name)
  }

  #look(now: number): void {
    const usable = this.#members.usable()
    const ring = usable.map((member) => ({
      name: member.name,
      watches: isMarked(member.meta),
    }))
    const wanted = watchedBy(this.#self, ring, this.#detection.watchers)
    for (const [name, old] of this.#watched) {
      const watchers = wanted.get(name)
      if (watchers && sameAddress(addressOf(old.member), old.address)) continue
      this.#forget(name)
    }
    for (const [name, watchers] of wanted) this.#set(name, watchers, now)
  }

  /** True if the answer was to a ping of this detector. */
  acked(seqNo: number, now: number): boolean {
    if (seqNo < SEQ_BIT) return false
    const watched = this.#watched.get(this.#sent.get(seqNo) ?? '')
    this.#sent.delete(seqNo)
    if (watched) {
      watched.heard = true
      watched.kernelAt = now
      watched.waitingSince = undefined
      watched.refused = false
      watched.told = undefined
      watched.accusers.clear()
    }
    return true
  }

  /** A connected socket was told that nobody listens there. */
  refused(from: Address, now: number): void {
    const watched = this.#at(from)
    if (!watched) return
    watched.kernelAt = now
    watched.refused = true
    // Nothing was answered since the ping that was refused; whatever comes later withdraws this.
    watched.waitingSince ??= now
    this.#judge(watched, now)
  }

  /** The kernel there accepted or refused a connection. */
  knocked(from: Address, now: number): void {
    const watched = this.#at(from)
    if (!watched) return
    watched.kernelAt = now
    watched.knockable = true
  }

  /** Another member accuses one that we watch: look at once. */
  accused(name: string, by: string, now: number): void {
    const watched = this.#watched.get(name)
    if (!watched || by === this.#self) return
    // The word of others does not count, and their names may be any.
    if (watched.watchers.includes(by)) watched.accusers.set(by, now)
    const hurried = now - watched.hurriedAt < this.#detection.hurryMs
    if (!hurried && (watched.refused || !this.#isQuiet(watched, now))) this.#ask(watched, now, true)
    this.#judge(watched, now)
  }

  #set(name: string, watchers: readonly string[], now: number): void {
    const member = this.#members.get(name)
    if (!member) return
    const known = this.#watched.get(name)
    if (known) {
      known.watchers = watchers
      return
    }
    const watched: Watched = {
      member,
      address: addressOf(member),
      watchers,
      heard: false,
      knockable: false,
      waitingSince: undefined,
      kernelAt: now,
      refused: false,
      hurriedAt: -Infinity,
      accusers: new Map(),
      told: undefined,
      cancel: () => undefined,
    }
    this.#watched.set(name, watched)
    this.#actions.knock(addressOf(member))
    this.#arm(watched, now + this.#detection.intervalMs * this.#random())
  }

  #arm(watched: Watched, at: number): void {
    watched.cancel = this.#timers.set(at, (now) => this.#turn(watched, at, now))
  }

  #turn(watched: Watched, due: number, now: number): void {
    const { intervalMs, hurryMs, lateMs } = this.#detection
    if (now - due > lateMs) this.#slept(now)
    const quiet = this.#isQuiet(watched, now)
    this.#ask(watched, now, quiet)
    this.#judge(watched, now)
    // One that was never heard is asked at leisure: its silence means nothing anyway.
    this.#arm(
      watched,
      now + (watched.waitingSince !== undefined && watched.heard ? hurryMs : intervalMs),
    )
  }

  /** What was not heard while asleep says nothing: all silences begin anew. */
  #slept(now: number): void {
    for (const [name, watched] of this.#watched) {
      if (watched.waitingSince === undefined) continue
      if (this.#isQuiet(watched, now)) this.#withhold(watched, 'late', name)
      watched.waitingSince = now
      watched.kernelAt = now
      watched.refused = false
      watched.accusers.clear()
    }
  }

  #isQuiet({ heard, waitingSince }: Watched, now: number): boolean {
    return heard && waitingSince !== undefined && now - waitingSince >= this.#detection.quietMs
  }

  #ask(watched: Watched, now: number, hurried: boolean): void {
    const { member, address } = watched
    this.#seqNo = (this.#seqNo + 1) % SEQ_BIT
    const seqNo = SEQ_BIT + this.#seqNo
    this.#sent.set(seqNo, member.name)
    const [oldest] = this.#sent.keys()
    if (this.#sent.size > REMEMBERED && oldest !== undefined) this.#sent.delete(oldest)
    watched.waitingSince ??= now
    // Without source fields the answer comes back to the socket that asked.
    this.#actions.ping(address, {
      kind: 'ping',
      node: member.name,
      seqNo,
      sourceAddr: EMPTY,
      sourceNode: '',
      sourcePort: 0,
    })
    if (!hurried) return
    watched.hurriedAt = now
    this.#actions.knock(address)
  }

  #judge(watched: Watched, now: number): void {
    const cause = this.#cause(watched, now)
    if (!cause) return
    const { member, watchers, accusers } = watched
    if (cause !== 'speakerGone' && this.#allSilent(now)) {
      return this.#withhold(watched, 'allSilent', member.name)
    }
    const { pausedMs, hurryMs } = this.#detection
    const before = accusers.get(this.#self)
    if (before === undefined || now - before >= hurryMs) {
      accusers.set(this.#self, now)
      this.#actions.accuse(member, watchers, now)
    }
    const agreed = watchers.filter((name) => now - (accusers.get(name) ?? -Infinity) <= pausedMs)
    const quorum = Math.floor(watchers.length / 2) + 1
    if (agreed.length >= quorum) this.#actions.dead(member, cause, agreed, now)
  }

  #cause(watched: Watched, now: number): Cause | undefined {
    const { heard, waitingSince, kernelAt, refused, knockable } = watched
    if (!heard || waitingSince === undefined) return undefined
    if (refused) return 'speakerGone'
    const { goneMs, pausedMs } = this.#detection
    const silentMs = now - waitingSince
    if (knockable && silentMs >= goneMs && now - kernelAt >= goneMs) return 'nodeGone'
    return silentMs >= pausedMs ? 'speakerSilent' : undefined
  }

  /** No word from any of several: then it is more likely our own cable. One alone can't tell. */
  #allSilent(now: number): boolean {
    const heard = [...this.#watched.values()].filter((watched) => watched.heard)
    const { goneMs } = this.#detection
    return (
      heard.length > 1 &&
      heard.every(({ waitingSince, kernelAt }) => {
        return waitingSince !== undefined && now - kernelAt >= goneMs / 2
      })
    )
  }

  #withhold(watched: Watched, reason: Withheld, name: string): void {
    if (watched.told === reason) return
    watched.told = reason
    this.#actions.withheld(reason, name)
  }

  #at({ ip, port }: Address): Watched | undefined {
    for (const watched of this.#watched.values()) {
      if (sameAddress(watched.address, { ip, port })) return watched
    }
    return undefined
  }
}

const sameAddress = (a: Address, b: Address): boolean =>
  a.port === b.port && a.ip.length === b.ip.length && a.ip.every((byte, i) => byte === b.ip[i])
