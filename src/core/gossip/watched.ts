/**
 * One watched member: what was heard of it and of its kernel, who accuses it, and hence what its
 * silence means (watch.ts). It only keeps and judges; asking and telling are the watch's.
 */
import type { Detection } from './detection.ts'
import type { Address } from './effects.ts'
import { addressOf } from './members.ts'
import type { Member } from './members.ts'

/** How a member was lost. */
export type Cause = 'speakerGone' | 'nodeGone' | 'speakerSilent'

/** Why a silence was not held against a member. */
export type Withheld =
  /** This node slept itself. */
  | 'late'
  /** Nobody it watches can be heard: it is more likely its own cable. */
  | 'allSilent'
  /** It is its own cable. */
  | 'noCarrier'

/** What is known of a member that is watched, for people. Ages in ms. */
export interface Watching {
  /** Since the first ping that is not answered; undefined: all are. */
  readonly waitingMs: number | undefined
  /** Since its kernel said anything. */
  readonly kernelMs: number
  readonly accusers: readonly string[]
}

/** A kernel that answers is asked this often at rest; one that does not, each `pausedMs`. */
const KNOCK_EVERY_MS = 10_000
/** One that has not answered for this long before a silence is not expected to: a firewall is new. */
const KNOCKABLE_MS = 3 * KNOCK_EVERY_MS

export class Watched {
  readonly member: Member
  readonly address: Address
  watchers: readonly string[]
  /** Told once for each silence. */
  told: Withheld | undefined
  /** Takes its next turn off the timers. */
  cancel: () => void = () => undefined
  readonly #detection: Detection
  #heard = false
  #askedAt: number
  #hurriedAt = -Infinity
  #answeredAt: number | undefined
  /** First ping since the last answer; undefined: the last ping was answered. */
  #waitingSince: number | undefined
  #refused = false
  /** Last word of its kernel: an answer, a refusal, a connection. */
  #kernelAt: number
  #knockAt: number
  /** When its kernel last answered a knock; undefined: never, so that its silence means nothing. */
  #knockedAt: number | undefined
  /** Others hear it, so it is not accused again before that, unless by another watcher too. */
  #sparedUntil = -Infinity
  /** Who accused it, and when last; ourselves included. */
  readonly #accusers = new Map<string, number>()

  constructor(member: Member, watchers: readonly string[], detection: Detection, now: number) {
    this.member = member
    this.address = addressOf(member)
    this.watchers = watchers
    this.#detection = detection
    this.#askedAt = now
    this.#kernelAt = now
    this.#knockAt = now
  }

  /** It has answered a ping of ours: only then does its silence mean anything. */
  get heard(): boolean {
    return this.#heard
  }

  /** When it was last pinged. */
  get askedAt(): number {
    return this.#askedAt
  }

  /** Last answer of its own. */
  get answeredAt(): number | undefined {
    return this.#answeredAt
  }

  /** It has not answered the last ping, or those before it. */
  get waiting(): boolean {
    return this.#waitingSince !== undefined
  }

  /** Its kernel said that nobody listens there. */
  get refused(): boolean {
    return this.#refused
  }

  isQuiet(now: number): boolean {
    const { quietMs } = this.#detection
    return this.#heard && this.#waitingSince !== undefined && now - this.#waitingSince >= quietMs
  }

  /** Asked in a hurry a moment ago: enough for now, however many accuse it. */
  isHurried(now: number): boolean {
    return now - this.#hurriedAt < this.#detection.hurryMs
  }

  isSpared(now: number): boolean {
    return now < this.#sparedUntil
  }

  isKnockDue(now: number): boolean {
    const everyMs = this.#knockedAt === undefined ? this.#detection.pausedMs : KNOCK_EVERY_MS
    return now - this.#knockAt >= everyMs
  }

  /** Not a word of its kernel for `ms`, while one is waited for. */
  isKernelSilent(now: number, ms: number): boolean {
    return this.#waitingSince !== undefined && now - this.#kernelAt >= ms
  }

  /** `hurried`: with a knock, by which its kernel is asked too. */
  pinged(now: number, hurried: boolean): void {
    this.#askedAt = now
    if (hurried) this.#hurriedAt = now
    this.#waitingSince ??= now
  }

  knocks(now: number): void {
    this.#knockAt = now
  }

  answered(now: number): void {
    this.#heard = true
    this.#answeredAt = now
    this.#beginAnew(now, undefined)
    this.told = undefined
  }

  wasRefused(now: number): void {
    this.#kernelAt = now
    this.#refused = true
    // Nothing was answered since the ping that was refused; whatever comes later withdraws this.
    this.#waitingSince ??= now
  }

  /** Its kernel has answered a knock. */
  kernelAnswered(now: number): void {
    this.#kernelAt = now
    this.#knockedAt = now
  }

  /** What was not heard until now says nothing. */
  forgive(now: number): void {
    this.#beginAnew(now, now)
  }

  accusedBy(other: string, now: number): void {
    this.#accusers.set(other, now)
    this.#sparedUntil = -Infinity
  }

  /** By ourselves; true if that is to be told, for the first time or again. */
  accuse(self: string, now: number): boolean {
    const before = this.#accusers.get(self)
    if (before !== undefined && now - before < this.#detection.hurryMs) return false
    this.#accusers.set(self, now)
    return true
  }

  /** It has refuted what `self` said. */
  refuted(self: string, now: number): void {
    if (this.#accusers.delete(self)) this.#sparedUntil = now + this.#detection.pausedMs
  }

  /** Those of its watchers that accuse it, if they are most of them. */
  agreed(watchers: readonly string[], now: number): readonly string[] | undefined {
    const agreed = watchers.filter((name) => {
      return now - (this.#accusers.get(name) ?? -Infinity) <= this.#detection.pausedMs
    })
    const quorum = Math.floor(watchers.length / 2) + 1
    return agreed.length >= quorum ? agreed : undefined
  }

  /** How it is lost, if it is. */
  cause(now: number): Cause | undefined {
    if (!this.#heard || this.#waitingSince === undefined) return undefined
    if (this.#refused) return 'speakerGone'
    const { goneMs, pausedMs } = this.#detection
    const silentMs = now - this.#waitingSince
    if (
      this.#isKnockable(this.#waitingSince) &&
      silentMs >= goneMs &&
      now - this.#kernelAt >= goneMs
    )
      return 'nodeGone'
    return silentMs >= pausedMs ? 'speakerSilent' : undefined
  }

  /** How it is lost, now that others are sure that it is: by what is seen of it here. */
  causeIfLost(now: number): Cause | undefined {
    const cause = this.cause(now)
    const since = this.#waitingSince
    if (cause || since === undefined || !this.#isKnockable(since)) return cause
    // Half of the time that it takes to be sure has passed here, too.
    return this.isKernelSilent(now, this.#detection.goneMs / 2) ? 'nodeGone' : undefined
  }

  /** Its kernel answered a knock not long before that: its silence means something. */
  #isKnockable(since: number): boolean {
    return this.#knockedAt !== undefined && since - this.#knockedAt < KNOCKABLE_MS
  }

  view(now: number): Watching {
    const since = this.#waitingSince
    return {
      waitingMs: since === undefined ? undefined : Math.round(now - since),
      kernelMs: Math.round(now - this.#kernelAt),
      accusers: [...this.#accusers.keys()].sort(),
    }
  }

  #beginAnew(now: number, waitingSince: number | undefined): void {
    this.#waitingSince = waitingSince
    this.#kernelAt = now
    this.#refused = false
    this.#accusers.clear()
  }
}
