/**
 * The fast detector: beside SWIM's random probing each member is watched by a few fixed others, which
 * ping it often. Three silences are told apart by what the member's kernel says, and each has its own
 * patience:
 *
 * - it refuses the ping (nobody listens there any more): the speaker is gone, its node lives;
 * - it answers neither a TCP connection nor, on a shared segment, ARP or neighbour discovery: node or
 *   cable is gone. Kernels do not pause to collect garbage, so this may be quick;
 * - it answers, the speaker does not: paused or starved. Clients that know the MAC are still served, so
 *   this is given more time.
 *
 * A verdict is an ordinary `suspect` message; when most of a member's watchers agree, an ordinary
 * `dead`. A watcher that was itself late, has no carrier, or hears nothing from anybody it watches,
 * accuses nobody.
 *
 * The kernel is asked in several ways at once (a knock), and any answer is its word: a firewall may
 * swallow one way, and where none gets through its silence means nothing. So that this is known
 * beforehand it is asked now and then at rest too.
 */
import type { Random } from '../random.ts'
import { sameBytes } from '../wire/memberlist/bytes.ts'
import type { Ping } from '../wire/memberlist/messages.ts'
import type { Detection } from './detection.ts'
import type { Address } from './effects.ts'
import type { Finding } from './findings.ts'
import { isMarked } from './mark.ts'
import { addressOf } from './members.ts'
import type { Member, Members } from './members.ts'
import { MtuProbe } from './mtu-probe.ts'
import { SentPings, WATCH_SEQ, barePing } from './pings.ts'
import { watchedBy, watchersOf } from './ring.ts'
import type { OnRing } from './ring.ts'
import type { Timers } from './timers.ts'
import { Watched } from './watched.ts'
import type { Cause, Watching, Withheld } from './watched.ts'

export interface WatchActions {
  /** By a connected socket. */
  ping(to: Address, ping: Ping): void
  /** Likewise, as a datagram of the largest size we send. */
  pingPadded(to: Address, ping: Ping): void
  knock(to: Address): void
  /** Told again while the verdict stands: it may get lost. */
  accuse(member: Member, watchers: readonly string[], now: number): void
  /** Most watchers agree. */
  dead(member: Member, cause: Cause, accusers: readonly string[], now: number): void
  withheld(reason: Withheld, member: string): void
}

/** Joins come by the hundred, in one push/pull: the ring is looked at this long after the first. */
const RING_MS = 20
/** Pings whose answers are still recognized: seconds' worth, even in a hurry. */
const REMEMBERED = 1024

export interface WatchOptions {
  readonly self: string
  readonly detection: Detection
  readonly random: Random
  /** Size of the largest datagrams we send. */
  readonly paddedBytes: number
}

export class Watch {
  readonly #self: string
  readonly #detection: Detection
  readonly #random: Random
  readonly #members: Members
  readonly #timers: Timers
  readonly #actions: WatchActions
  readonly #mtu: MtuProbe
  readonly #watched = new Map<string, Watched>()
  readonly #sent = new SentPings(WATCH_SEQ, REMEMBERED)
  #carrier = true
  /** Set while the ring is to be looked at again. */
  #update: (() => void) | undefined

  constructor(options: WatchOptions, members: Members, timers: Timers, actions: WatchActions) {
    this.#self = options.self
    this.#detection = options.detection
    this.#random = options.random
    this.#members = members
    this.#timers = timers
    this.#actions = actions
    this.#mtu = new MtuProbe(options.paddedBytes, timers, {
      peers: () => [...this.#watched.values()],
      ping: ({ member, address }, seqNo) =>
        actions.pingPadded(address, barePing(member.name, seqNo)),
    })
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
    const wanted = watchedBy(this.#self, this.#ring(), this.#detection.watchers)
    for (const [name, old] of this.#watched) {
      const watchers = wanted.get(name)
      if (watchers && sameAddress(addressOf(old.member), old.address)) continue
      this.#forget(name)
    }
    for (const [name, watchers] of wanted) this.#set(name, watchers, now)
    this.#mtu.update(now)
  }

  /** True if the answer was to a ping of this detector. */
  acked(seqNo: number, now: number): boolean {
    if (seqNo < WATCH_SEQ) return false
    if (this.#mtu.acked(seqNo)) return true
    const watched = this.#watched.get(this.#sent.answered(seqNo) ?? '')
    if (watched) {
      watched.answered(now)
      watched.cancel()
      this.#arm(watched, Math.max(now, watched.askedAt + this.#detection.intervalMs))
    }
    return true
  }

  /** A connected socket was told that nobody listens there. */
  refused(from: Address, now: number): void {
    const watched = this.#at(from)
    if (!watched || this.#isAsleep(now)) return
    watched.wasRefused(now)
    this.#judge(watched, now)
  }

  /** The kernel at this address has answered a knock: it is that of all members there. */
  knocked(ip: Uint8Array, now: number): void {
    for (const watched of this.#watched.values()) {
      if (sameBytes(watched.address.ip, ip)) watched.kernelAnswered(now)
    }
  }

  /** This node's own cable: nothing was heard without it, and who is silent gets all patience anew. */
  carrier(up: boolean, now: number): void {
    this.#carrier = up
    if (up) this.#beginAnew('noCarrier', now)
  }

  /** It says that it lives, so it does: what is broken is the way between us. */
  refuted(name: string, now: number): void {
    this.#watched.get(name)?.refuted(this.#self, now)
  }

  /** Another member accuses one that we watch: look at once. */
  accused(name: string, by: string, now: number): void {
    const watched = this.#watched.get(name)
    if (!watched || by === this.#self || this.#isAsleep(now)) return
    if (watched.watchers.includes(by)) watched.accusedBy(by, now)
    if (!watched.isHurried(now) && (watched.refused || !watched.isQuiet(now))) {
      this.#ask(watched, now, true)
    }
    this.#judge(watched, now)
  }

  /** The kernel refused to send a datagram there, for its size. */
  tooLarge(to: Address): void {
    this.#mtu.tooLarge(to)
  }

  findings(): Finding[] {
    return this.#mtu.list()
  }

  /** Who watches whom, by the watched. */
  watchers(): Map<string, readonly string[]> {
    return watchersOf(this.#ring(), this.#detection.watchers)
  }

  /** How it was lost as it is seen from here, where others say that it is. */
  causeIfLost(name: string, now: number): Cause | undefined {
    return this.#watched.get(name)?.causeIfLost(now)
  }

  view(name: string, now: number): Watching | undefined {
    return this.#watched.get(name)?.view(now)
  }

  #ring(): OnRing[] {
    const usable = this.#members.usable()
    return usable.map(({ name, meta }) => ({ name, watches: isMarked(meta) }))
  }

  #set(name: string, watchers: readonly string[], now: number): void {
    const member = this.#members.get(name)
    if (!member) return
    const known = this.#watched.get(name)
    if (known) {
      known.watchers = watchers
      return
    }
    const watched = new Watched(member, watchers, this.#detection, now)
    this.#watched.set(name, watched)
    this.#knock(watched, now)
    this.#arm(watched, now + this.#detection.intervalMs * this.#random())
  }

  #arm(watched: Watched, at: number): void {
    watched.cancel = this.#timers.set(at, (now) => this.#turn(watched, at, now))
  }

  #turn(watched: Watched, due: number, now: number): void {
    const { intervalMs, quietMs, hurryMs, lateMs } = this.#detection
    if (now - due > lateMs) this.#beginAnew('late', now)
    const quiet = watched.isQuiet(now)
    this.#ask(watched, now, quiet)
    // An answer puts this off (`acked`). One that was never heard is asked at leisure: its silence
    // means nothing anyway.
    this.#arm(watched, now + (!watched.heard ? intervalMs : quiet ? hurryMs : quietMs))
    // Last: who is dead is not watched any more.
    this.#judge(watched, now)
  }

  /** It has slept, and its timers have not come to it yet: what it thinks of others is of before. */
  #isAsleep(now: number): boolean {
    return this.#timers.lateBy(now) > this.#detection.lateMs
  }

  /** What was not heard while asleep or cut off says nothing: all silences begin anew. */
  #beginAnew(reason: Withheld, now: number): void {
    for (const [name, watched] of this.#watched) {
      if (!watched.waiting) continue
      if (watched.isQuiet(now)) this.#withhold(watched, reason, name)
      watched.forgive(now)
    }
  }

  #ask(watched: Watched, now: number, hurried: boolean): void {
    const { member, address } = watched
    watched.pinged(now, hurried)
    this.#actions.ping(address, barePing(member.name, this.#sent.next(member.name)))
    if (hurried || watched.isKnockDue(now)) this.#knock(watched, now)
  }

  #knock(watched: Watched, now: number): void {
    watched.knocks(now)
    this.#actions.knock(watched.address)
  }

  #judge(watched: Watched, now: number): void {
    const cause = watched.cause(now)
    if (!cause || watched.isSpared(now)) return
    const { member, watchers } = watched
    if (!this.#carrier) return this.#withhold(watched, 'noCarrier', member.name)
    if (cause !== 'speakerGone' && this.#allSilent(now)) {
      return this.#withhold(watched, 'allSilent', member.name)
    }
    if (watched.accuse(this.#self, now)) this.#actions.accuse(member, watchers, now)
    const agreed = watched.agreed(watchers, now)
    if (agreed) this.#actions.dead(member, cause, agreed, now)
  }

  /** No word from any of several: then it is more likely our own cable. One alone can't tell. */
  #allSilent(now: number): boolean {
    const heard = [...this.#watched.values()].filter((watched) => watched.heard)
    const ms = this.#detection.goneMs / 2
    return heard.length > 1 && heard.every((watched) => watched.isKernelSilent(now, ms))
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

const sameAddress = (a: Address, b: Address): boolean => a.port === b.port && sameBytes(a.ip, b.ip)
