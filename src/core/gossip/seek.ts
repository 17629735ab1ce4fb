/**
 * Members that are lost without having left may be alive behind a broken network. Their neighbours on
 * the ring (ring.ts) go on pinging them, a few every moment; whoever answers is met at once by a
 * push/pull, so that a partition is over a moment after the network is whole. memberlist itself tells
 * the dead of their death for 30 s only, and only while there is news. One that comes back before it has
 * answered is met as well: it has missed what was told meanwhile, and we may have missed what was told there.
 */
import type { Random } from '../random.ts'
import type { Address } from './effects.ts'
import { isMarked } from './mark.ts'
import { addressOf } from './members.ts'
import type { Member, Members } from './members.ts'
import { SEEK_SEQ, SentPings } from './pings.ts'
import { watchedBy } from './ring.ts'
import type { Timers } from './timers.ts'

/** Between two rounds, ± a tenth. */
export const SEEK_MS = 400
/** Pings a round. */
const AT_ONCE = 3
const SEEKERS = 3
/** Names that nobody bears cannot fill the memory. */
const MOST_LOST = 10_000

/** Pings whose answers are still recognized. */
const REMEMBERED = 256

export interface SeekActions {
  /** Of whoever listens there, by whatever name. */
  ping(to: Address, seqNo: number): void
  meet(to: Address, now: number, over: () => void): void
}

export class Seeker {
  readonly #members: Members
  readonly #random: Random
  readonly #timers: Timers
  readonly #actions: SeekActions
  /** Where each was last. */
  readonly #lost = new Map<string, Address>()
  readonly #meeting = new Set<string>()
  readonly #sent = new SentPings(SEEK_SEQ, REMEMBERED)
  #turn = 0
  #cancel: (() => void) | undefined

  constructor(members: Members, random: Random, timers: Timers, actions: SeekActions) {
    this.#members = members
    this.#random = random
    this.#timers = timers
    this.#actions = actions
  }

  lost(member: Member, now: number): void {
    if (member.name === this.#members.self || this.#lost.size >= MOST_LOST) return
    this.#lost.set(member.name, addressOf(member))
    this.#cancel ??= this.#timers.set(now + this.#interval(), (at) => this.#round(at))
  }

  /** It is back. */
  found(name: string, now: number): void {
    // Most who come were never lost, and to look at the whole ring for each takes long where there are many.
    if (this.#lost.has(name) && this.#mine().includes(name)) this.#meet(name, now)
    this.#lost.delete(name)
  }

  /** It has said that it goes. */
  left(name: string): void {
    this.#lost.delete(name)
  }

  /** Whoever is at none of these addresses is no member any more, dead or alive. */
  only(isThere: (ip: Uint8Array) => boolean): void {
    for (const [name, { ip }] of this.#lost) if (!isThere(ip)) this.#lost.delete(name)
  }

  /** True if the answer was to a ping from here. */
  acked(seqNo: number, now: number): boolean {
    const name = this.#sent.answered(seqNo)
    if (name === undefined) return false
    this.#meet(name, now)
    return true
  }

  #meet(name: string, now: number): void {
    const address = this.#lost.get(name)
    if (!address || this.#meeting.has(name)) return
    this.#meeting.add(name)
    this.#actions.meet(address, now, () => this.#meeting.delete(name))
  }

  #round(now: number): void {
    this.#cancel = undefined
    if (this.#lost.size === 0) return
    const mine = this.#mine()
    for (let i = 0; i < Math.min(AT_ONCE, mine.length); i++) {
      const name = mine[this.#turn++ % mine.length] ?? ''
      const address = this.#lost.get(name)
      if (address && !this.#meeting.has(name)) this.#actions.ping(address, this.#sent.next(name))
    }
    this.#cancel = this.#timers.set(now + this.#interval(), (at) => this.#round(at))
  }

  /** Those lost that would be watched by this member if they were there. */
  #mine(): string[] {
    const usable = this.#members
      .usable()
      .filter(({ name }) => !this.#lost.has(name))
      .map(({ name, meta }) => ({ name, watches: isMarked(meta) }))
    const lost = [...this.#lost.keys()].map((name) => ({ name, watches: false }))
    const watched = watchedBy(this.#members.self, [...usable, ...lost], SEEKERS)
    return [...this.#lost.keys()].filter((name) => watched.has(name))
  }

  #interval(): number {
    return SEEK_MS * (0.9 + 0.2 * this.#random())
  }
}
