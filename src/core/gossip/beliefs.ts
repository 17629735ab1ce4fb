/**
 * What news leads to. `Members` judges each piece; what is believed is passed on, suspicions are begun
 * and ended by it, and those parts of the node hear of it that go by who is alive. News of this node
 * itself is contradicted where it is wrong, by a higher incarnation.
 */
import type { Uplinks } from '../announce/uplinks.ts'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import { encodeMessage } from '../wire/memberlist/messages.ts'
import type { Alive, Dead, Suspect } from '../wire/memberlist/messages.ts'
import { VSN } from '../wire/memberlist/version.ts'
import type { Awareness } from './awareness.ts'
import type { Detection } from './detection.ts'
import type { Address } from './effects.ts'
import { isMarked, isSettled, markOf } from './mark.ts'
import { isUsable } from './members.ts'
import type { Member, MemberState, Members } from './members.ts'
import type { Outbox } from './outbox.ts'
import type { Prober } from './prober.ts'
import type { Profile } from './profiles.ts'
import type { Seeker } from './seek.ts'
import { Settling } from './settling.ts'
import { Suspicions } from './suspicions.ts'
import type { Timers } from './timers.ts'
import type { Watch } from './watch.ts'
import type { Cause } from './watched.ts'
import type { Witness } from './witness.ts'

export interface BeliefsOptions {
  readonly address: Address
  readonly profile: Profile
  readonly vsn?: Uint8Array
  /** Absent: plain memberlist, which says nothing of itself and never waits. */
  readonly detection?: Detection
  readonly returnDelayMs?: number
}

/** The parts of a node that hear of news, or carry what comes of it. */
export interface BeliefsParts {
  readonly members: Members
  readonly timers: Timers
  readonly outbox: Outbox
  readonly witness: Witness
  readonly awareness: Awareness
  readonly prober: Prober
  readonly watch: Watch | undefined
  readonly seeker: Seeker | undefined
}

export class Beliefs {
  readonly settling: Settling
  readonly #options: BeliefsOptions
  readonly #parts: BeliefsParts
  readonly #suspicions: Suspicions
  #incarnation = 1
  /** Of when it was settled last: a death told of an earlier one is history. */
  #settledAt = 0
  #uplinks: Uplinks = new Map()
  #leaving = false

  constructor(options: BeliefsOptions, parts: BeliefsParts) {
    this.#options = options
    this.#parts = parts
    const { members, timers, prober } = parts
    this.#suspicions = new Suspicions(options.profile, timers, (suspect, at) => {
      const member = members.get(suspect)
      if (member) prober.ask(member, at, (when) => this.#suspicions.answered(suspect, when))
    })
    const { detection, returnDelayMs = 0 } = options
    const delays = {
      returnDelayMs: detection ? returnDelayMs : 0,
      goneMs: detection?.goneMs,
      // The others count from what they heard of us last, a ping before we fell asleep.
      sleepMs: detection && detection.pausedMs - detection.intervalMs,
    }
    this.settling = new Settling(delays, members, timers, (at) => {
      this.#tellSettled(at)
      this.#settledAt = this.#incarnation
    })
  }

  get incarnation(): number {
    return this.#incarnation
  }

  alive(news: Alive, now: number, bootstrap = false): void {
    const { members, outbox, prober, seeker, watch, witness } = this.#parts
    // Port 0 is what very old versions send: they listen where we do.
    const heard = news.port === 0 ? { ...news, port: this.#options.address.port } : news
    const verdict = members.alive(heard, now, this.#leaving, bootstrap)
    if (verdict.kind === 'refute') return this.#refute(verdict.incarnation, now)
    if (verdict.kind === 'conflict') {
      witness.conflict(verdict.member, news.addr, members.size, now)
      return outbox.log('warn', 'gossip-name-conflict', { name: news.node })
    }
    if (verdict.kind !== 'alive') return
    this.#suspicions.cancel(news.node)
    outbox.news(news.node, encodeMessage(heard))
    const back = verdict.before === 'dead' || verdict.before === 'left'
    if (back) {
      delete verdict.member.lost
      prober.added(news.node)
      seeker?.found(news.node, now)
    }
    if (verdict.before === 'suspect') watch?.refuted(news.node, now)
    if (verdict.before !== 'alive') this.#changed(now, news.node, verdict.before, 'alive')
    else if (verdict.updated) {
      watch?.changed(news.node, now)
      outbox.effect({ kind: 'members' })
    }
    if (back) this.settling.came(now)
    else if (verdict.updated) this.settling.updated(now)
  }

  /** `hearsay`: no accusation of anybody's own. We ask the suspect for it, but tell nobody. */
  suspect(news: Suspect, now: number, hearsay = false): void {
    const { members, outbox, watch, witness } = this.#parts
    const { self } = members
    const { node, incarnation, from } = news
    if (from !== self) watch?.accused(node, from, now)
    const verdict = members.suspect(news, now)
    if (verdict.kind === 'refute') return this.#refute(verdict.incarnation, now)
    const confirmed = verdict.kind === 'confirm' && !hearsay && this.#suspicions.confirm(node, from)
    if (verdict.kind !== 'suspect' && !confirmed) return
    if (!hearsay) outbox.news(node, encodeMessage(news))
    if (confirmed) return
    witness.counters.suspicions[from === self ? 'self' : 'other']++
    this.#suspicions.start(node, from, members.size, now, (at) => {
      this.dead({ kind: 'dead', node, incarnation, from: self }, at)
    })
    this.#changed(now, node, 'alive', 'suspect', from)
  }

  /** `cause`: what this member has found out of why. */
  dead(news: Dead, now: number, cause?: Cause): void {
    const { members, outbox, seeker, watch } = this.#parts
    const verdict = members.dead(news, now, this.#leaving)
    if (verdict.kind === 'refute') {
      if (this.#isSettled(news.from)) this.settling.unsettle(now)
      return this.#refute(verdict.incarnation, now)
    }
    if (news.node === members.self && verdict.kind === 'ignore') this.#missed(news, now)
    if (verdict.kind !== 'dead') return
    const { member, before } = verdict
    this.#suspicions.cancel(news.node)
    outbox.news(news.node, encodeMessage(news))
    if (member.state === 'dead') {
      member.lost = cause ?? watch?.causeIfLost(news.node, now) ?? `${news.from} says so`
      seeker?.lost(member, now)
    } else seeker?.left(news.node)
    this.#changed(now, news.node, before, member.state, news.from)
    if (!this.#leaving) this.settling.went(now)
  }

  /** What we say of a member that does not answer us. */
  accusation({ name: node, incarnation }: Member): Suspect {
    return { kind: 'suspect', node, incarnation, from: this.#parts.members.self }
  }

  accuse(member: Member, now: number): void {
    this.suspect(this.accusation(member), now)
  }

  /** Whoever accuses us, or passes that on, has not heard our refutation: once more, straight there. */
  contradict({ node }: Suspect | Dead, from: Address): void {
    const { members, outbox } = this.#parts
    if (node === members.self && !this.#leaving) outbox.sendWithNews(from, this.#own())
  }

  /** That this node lives, as it is now. */
  sayAlive(now: number): void {
    if (!this.#leaving) this.alive(this.#own(), now, true)
  }

  /** Tells everybody on which interfaces this node cannot announce. */
  tellUplinks(uplinks: Uplinks, now: number): void {
    this.#uplinks = uplinks
    // Plain memberlist says nothing of itself.
    if (this.#options.detection && !this.#leaving) this.#announce(now)
  }

  /** Tells everybody that this node goes. From then on it contradicts nobody. */
  leave(now: number): void {
    if (this.#leaving) return
    const { members, timers, outbox } = this.#parts
    this.#leaving = true
    timers.clear()
    const { self } = members
    const news: Dead = { kind: 'dead', node: self, from: self, incarnation: this.#incarnation }
    const usable = members.usable().map(({ name }) => name)
    this.dead(news, now)
    outbox.sendEach(usable, news)
  }

  /** We have refuted the suspicion before we heard of the death: it was believed all the same. */
  #missed({ from, incarnation }: Dead, now: number): void {
    if (!this.settling.settled || incarnation < this.#settledAt || !this.#isSettled(from)) return
    this.settling.unsettle(now)
    if (!this.settling.settled) this.#tellSettled(now)
  }

  /** A member of ours, alive to us, that has been so for a while: its word that we were lost counts. */
  #isSettled(name: string): boolean {
    const member = this.#parts.members.get(name)
    const usable = member?.state === 'alive' || member?.state === 'suspect'
    return member !== undefined && usable && isMarked(member.meta) && isSettled(member.meta)
  }

  /** Somebody says that we are not what we are: say it louder. */
  #refute(accused: number, now: number): void {
    const { awareness, outbox, witness } = this.#parts
    this.#incarnation = Math.max(this.#incarnation, accused) + 1
    awareness.sicker(1)
    witness.counters.contradictions.refuted++
    outbox.log('info', 'gossip-refuted', { incarnation: this.#incarnation })
    this.sayAlive(now)
  }

  #tellSettled(now: number): void {
    this.#parts.outbox.log('info', 'gossip-settled', { settled: this.settling.settled })
    this.#announce(now)
  }

  /** What we say of ourselves has changed: to all members, at once. */
  #announce(now: number): void {
    const { members, outbox } = this.#parts
    this.#incarnation++
    this.sayAlive(now)
    const usable = members.usable().map(({ name }) => name)
    outbox.sendEach(usable, this.#own())
  }

  #own(): Alive {
    const { address, vsn = VSN, detection } = this.#options
    return {
      kind: 'alive',
      node: this.#parts.members.self,
      addr: address.ip,
      port: address.port,
      incarnation: this.#incarnation,
      meta: detection ? markOf(this.settling.settled, this.#uplinks) : EMPTY,
      vsn,
    }
  }

  #changed(now: number, name: string, from: MemberState, to: MemberState, by?: string): void {
    const { members, outbox, watch, witness } = this.#parts
    if (name !== members.self) witness.changed(from, to)
    // A suspect goes on as it was: whoever watches whom depends on who can be used.
    if (!this.#leaving && isUsable(from) !== isUsable(to)) watch?.changed(name, now)
    outbox.effect({ kind: 'members' })
    outbox.log('info', 'member', { name, from, to, ...(by !== undefined && { by }) })
  }
}
