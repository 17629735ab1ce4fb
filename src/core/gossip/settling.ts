/**
 * When a member is settled. Every move of an address breaks connections, so one that starts, or comes
 * back after the others gave it up, owns nothing until it has been stable for a while; it says so itself
 * (mark.ts), so that all members go by the same word and not each by a clock of its own.
 *
 * - A member starts unsettled, and is settled when it has been so for `returnDelayMs`, or at once where
 *   nobody else is: then there is nobody to wait for.
 * - It is unsettled when a settled member believes it dead: others have taken over.
 * - It is unsettled when it slept for so long that they may have, or when its cable is out, or most
 *   members are dead to it: then it is more likely that it was cut off, and those over there go on. It
 *   stays so until it has heard of them anew.
 */
import { isMarked, isSettled } from './mark.ts'
import type { Members } from './members.ts'
import type { Timers } from './timers.ts'

export interface SettlingDelays {
  /** 0: always settled, as MetalLB's speakers are. */
  readonly returnDelayMs: number
  /** So long without a cable, and the others may have given us up; undefined: it does not matter. */
  readonly goneMs: number | undefined
  /** So long asleep, and they may have. */
  readonly sleepMs: number | undefined
}

export class Settling {
  readonly #delays: SettlingDelays
  readonly #members: Members
  readonly #timers: Timers
  readonly #changed: (now: number) => void
  #settled: boolean
  /** Others could be reached, if there are any: before that, "nobody else" means nothing. */
  #arrived = false
  #apart = false
  #stale = false
  /** It slept from then on, or from before: what others said before it woke is as old. */
  #sleptFrom: number | undefined
  /** Somebody went since it was last among many. */
  #lost = false
  #cancel: (() => void) | undefined
  #cancelCutOff: (() => void) | undefined

  /** `changed`: others are to be told. */
  constructor(
    delays: SettlingDelays,
    members: Members,
    timers: Timers,
    changed: (now: number) => void,
  ) {
    this.#delays = delays
    this.#members = members
    this.#timers = timers
    this.#changed = changed
    this.#settled = delays.returnDelayMs === 0
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Whoever can be reached knows of us. */
  arrived(now: number): void {
    this.#arrived = true
    this.#consider(now)
  }

  /** Another member has told us all it believes. `askedAt`: undefined where it came unasked, and may have waited. */
  met(now: number, askedAt?: number): void {
    const isOld = this.#sleptFrom !== undefined && (askedAt ?? -Infinity) <= this.#sleptFrom
    if (!this.#stale || isOld) return
    this.#stale = false
    this.#sleptFrom = undefined
    this.arrived(now)
  }

  /** A member is alive that was not before. */
  came(now: number): void {
    const { dead, usable } = this.#count()
    if (usable > dead) this.#apart = this.#lost = false
    this.#consider(now)
  }

  /** A member, or we ourselves, say something else than before. */
  updated(now: number): void {
    this.#consider(now)
  }

  /** A member is dead or has left. */
  went(now: number): void {
    const { dead, usable } = this.#count()
    this.#lost = true
    if (dead > usable) this.#cutOff(now)
    else this.#consider(now)
  }

  /** The own cable was pulled, or is in again. */
  carrier(up: boolean, now: number): void {
    this.#cancelCutOff?.()
    this.#cancelCutOff = undefined
    const { goneMs } = this.#delays
    if (up) this.#plugged(now)
    else if (goneMs !== undefined) {
      this.#cancelCutOff = this.#timers.set(now + goneMs, (at) => this.#cutOff(at))
    }
  }

  /** We did not run for `ms`. */
  slept(ms: number, now: number): void {
    if (ms < (this.#delays.sleepMs ?? Infinity)) return
    this.#giveUp(now)
    if (this.#stale) this.#sleptFrom = now - ms
  }

  /** What others own now was ours, and is to stay theirs for a while. The caller tells the others. */
  unsettle(now: number): void {
    if (this.#delays.returnDelayMs === 0) return
    this.#settled = false
    this.#cancel?.()
    this.#cancel = undefined
    this.#consider(now)
  }

  /** True if another member of ours that can be used is settled. */
  get otherSettled(): boolean {
    return this.#members.usable().some(({ name, meta }) => {
      return name !== this.#members.self && isMarked(meta) && isSettled(meta)
    })
  }

  /** It is us, not the others: they go on without us. */
  #cutOff(now: number): void {
    this.#apart = true
    this.#giveUp(now)
  }

  /** What we know of the others is of before: who is settled over there is to be heard anew. */
  #giveUp(now: number): void {
    this.#stale ||= this.#arrived && this.#members.usable().length > 1
    if (this.#stale) this.#arrived = false
    if (!this.#settled) return this.#consider(now)
    this.unsettle(now)
    if (!this.#settled) this.#changed(now)
  }

  /** Whoever was lost meanwhile is waited for. */
  #plugged(now: number): void {
    if (!this.#lost) this.#apart = false
    this.#consider(now)
  }

  #consider(now: number): void {
    if (this.#settled || !this.#arrived || this.#apart) {
      this.#cancel?.()
      this.#cancel = undefined
    } else if (!this.otherSettled) this.#settle(now)
    else
      this.#cancel ??= this.#timers.set(now + this.#delays.returnDelayMs, (at) => this.#settle(at))
  }

  #settle(now: number): void {
    this.#settled = true
    this.#changed(now)
    this.#consider(now)
  }

  #count(): { dead: number; usable: number } {
    const dead = this.#members.all().filter(({ state }) => state === 'dead').length
    return { dead, usable: this.#members.usable().length }
  }
}
