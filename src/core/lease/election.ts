/**
 * Who leads, by a Lease: the rules of client-go's leaderelection, which other programs know. The times
 * in a Lease are the holder's and only for people. What counts is for how long, by the own clock, it has
 * not changed: so clocks may differ, and may be set.
 */
import type { LeaseSpec } from './lease.ts'

/** Milliseconds. `deadline` < `duration`: who cannot renew has stopped before another may start. */
export interface LeaseTiming {
  /** A Lease that did not change for this long may be taken. */
  readonly duration: number
  /** The holder renews this long after the last renewal began. */
  readonly renew: number
  /** Not renewed for this long, the holder leads no more. */
  readonly deadline: number
  /** Who does not lead looks this often. */
  readonly poll: number
  /** A call that takes longer is given up, and made anew. */
  readonly call: number
}

/** A take-over is within `duration` + `poll` of a kill, and within `poll` of a release. */
export const PROMPT = {
  duration: 4000,
  renew: 1000,
  deadline: 3000,
  poll: 500,
  call: 1500,
} as const satisfies LeaseTiming

/**
 * Where there is too little processor time for all, or the API server is slow, a leader would lose the Lease
 * for nothing but that, and the next one, who has to list everything first, would lose it before it comes to
 * any work. So who renews late holds it for longer, until that is over: it says so in the Lease, which
 * others go by.
 */
export const PATIENT = {
  duration: 15_000,
  renew: 2000,
  deadline: 12_000,
  poll: 500,
  call: 5000,
} as const satisfies LeaseTiming

/** Renewed so much later than it was to be, it is late: half of the time that there is. */
const LATE_MS = 1500
/** And so much later it is late still, once it has been. */
const STILL_LATE_MS = 500
/** Patience is over when nothing has been late for so long. */
const CALM_MS = 60_000

export class Election {
  readonly #self: string
  #seen: LeaseSpec = {}
  #changedAt = -Infinity
  /** When it is to be renewed; undefined: it is not held. */
  #dueAt: number | undefined
  /** Until when nobody else can hold it. */
  #until = -Infinity
  /** By which it was last claimed. */
  #timing: LeaseTiming = PROMPT
  #patientUntil = -Infinity

  /** `self`: a name that no other process has, nor this one had before a restart. */
  constructor(self: string) {
    this.#self = self
  }

  get timing(): LeaseTiming {
    return this.#timing
  }

  /** Who holds it as last seen; '': nobody. */
  get holder(): string {
    return this.#seen.holderIdentity ?? ''
  }

  /** What is at the API server; undefined: no Lease. One that was deleted is as one that does not change. */
  observe(spec: LeaseSpec | undefined, now: number): void {
    if (spec === undefined || JSON.stringify(spec) === JSON.stringify(this.#seen)) return
    this.#seen = spec
    this.#changedAt = now
  }

  /** Nobody holds it, or its holder has been silent for as long as it said itself. */
  mayClaim(now: number): boolean {
    return this.holder === '' || this.holder === this.#self || now >= this.#expiry
  }

  /** What to write now to hold it; `at`: the wall clock's time as a MicroTime. */
  claim(now: number, at: string): LeaseSpec {
    const again = this.holder === this.#self
    const { leaseDurationSeconds } = this.#seen
    // Its last holder had reason to be patient.
    if (!again && leaseDurationSeconds === PATIENT.duration / 1000) this.#late(now)
    this.#timing = now < this.#patientUntil ? PATIENT : PROMPT
    // Others may count by the new time already, though no answer comes.
    this.#until = Math.min(this.#until, now + this.#timing.deadline)
    const transitions = this.#seen.leaseTransitions ?? 0
    return {
      holderIdentity: this.#self,
      leaseDurationSeconds: this.#timing.duration / 1000,
      acquireTime: again ? (this.#seen.acquireTime ?? at) : at,
      renewTime: at,
      leaseTransitions: again || this.#changedAt === -Infinity ? transitions : transitions + 1,
    }
  }

  /** What to write to give it back: the next one need not wait. */
  release(at: string): LeaseSpec {
    return { ...this.#seen, holderIdentity: '', leaseDurationSeconds: 1, renewTime: at }
  }

  /** A claim was written; its call began at `startedAt`, from which on others count at the earliest. */
  won(startedAt: number, now: number): void {
    const lateMs = now - (this.#dueAt ?? startedAt)
    if (lateMs > (now < this.#patientUntil ? STILL_LATE_MS : LATE_MS)) this.#late(now)
    this.#dueAt = startedAt + this.#timing.renew
    this.#until = startedAt + this.#timing.deadline
  }

  /** It is not held any more: given back, or not renewed in time. */
  lost(now: number): void {
    if (!this.holds(now)) this.#late(now)
    this.#dueAt = undefined
    this.#until = -Infinity
  }

  /** True while nobody else can hold it. */
  holds(now: number): boolean {
    return this.remaining(now) > 0
  }

  /** For how long it is still held if nothing is renewed. */
  remaining(now: number): number {
    return Math.max(0, this.#until - now)
  }

  /** How long until it is to be renewed, or looked at. */
  pause(now: number): number {
    if (this.#dueAt !== undefined) return Math.max(0, this.#dueAt - now)
    const { poll } = this.#timing
    const expiry = this.#expiry - now
    return expiry > 0 ? Math.min(poll, expiry) : poll
  }

  get #expiry(): number {
    const { leaseDurationSeconds } = this.#seen
    const duration = leaseDurationSeconds ? leaseDurationSeconds * 1000 : this.#timing.duration
    return this.#changedAt + duration
  }

  #late(now: number): void {
    this.#patientUntil = now + CALM_MS
  }
}
