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
}

/** A take-over is within `duration` + `poll` of a kill, and within `poll` of a release. */
export const LEASE_TIMING: LeaseTiming = { duration: 4000, renew: 1000, deadline: 3000, poll: 500 }

export class Election {
  readonly #self: string
  readonly #timing: LeaseTiming
  #seen: LeaseSpec = {}
  #changedAt = -Infinity
  /** When the last renewal that succeeded began. */
  #renewedAt: number | undefined

  /** `self`: a name that no other process has, nor this one had before a restart. */
  constructor(self: string, timing: LeaseTiming = LEASE_TIMING) {
    this.#self = self
    this.#timing = timing
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

  /** What to write to hold it; `at`: the wall clock's time as a MicroTime. */
  claim(at: string): LeaseSpec {
    const again = this.holder === this.#self
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
  won(startedAt: number): void {
    this.#renewedAt = startedAt
  }

  lost(): void {
    this.#renewedAt = undefined
  }

  /** True while nobody else can hold it. */
  holds(now: number): boolean {
    return this.remaining(now) > 0
  }

  /** For how long it is still held if nothing is renewed. */
  remaining(now: number): number {
    if (this.#renewedAt === undefined) return 0
    return Math.max(0, this.#renewedAt + this.#timing.deadline - now)
  }

  /** How long until it is to be renewed, or looked at. */
  pause(now: number): number {
    const { renew, poll } = this.#timing
    if (this.#renewedAt !== undefined) return Math.max(0, this.#renewedAt + renew - now)
    const expiry = this.#expiry - now
    return expiry > 0 ? Math.min(poll, expiry) : poll
  }

  get #expiry(): number {
    const { leaseDurationSeconds } = this.#seen
    const duration = leaseDurationSeconds ? leaseDurationSeconds * 1000 : this.#timing.duration
    return this.#changedAt + duration
  }
}
