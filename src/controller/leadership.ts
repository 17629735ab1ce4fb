/**
 * One controller of several leads, by a Lease (rules: core/lease/election.ts). Its time is cut into
 * terms: what it writes, it writes in a term, and a term is over before anybody else's can begin.
 */
import { Election, PATIENT, PROMPT } from '../core/lease/election.ts'
import { parseLeaseSpec } from '../core/lease/lease.ts'
import type { LeaseSpec } from '../core/lease/lease.ts'
import { pause, within } from '../adapters/pause.ts'
import { Trouble } from '../adapters/trouble.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster, KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { LEASES } from '../ports/resources.ts'
import type { Owner } from './owner.ts'

export const LEASE_NAME = 'bellwether-controller'
/** After a renewal that failed. */
const RETRY_MS = 250

export interface Term {
  /** Aborts when the term is to end: writes under way are finished, none begins. */
  readonly signal: AbortSignal
  /** True while nobody else can lead. No write may begin when it is false. */
  holds(): boolean
}

/** Does the work of a term. Resolves when the term's signal has aborted and no write is under way. */
export type Lead = (term: Term) => Promise<void>

export interface LeadershipDeps {
  /** Calls of which each is given up after so many ms: one that hangs is as good as one that failed. */
  readonly leases: (answerMs: number) => Pick<Cluster, 'get' | 'create' | 'update'>
  readonly clock: Clock
  readonly log: Log
  readonly namespace: string
  /** A name that no other process has, nor this one had before a restart. */
  readonly identity: string
  /** Whose the Lease is that it makes. */
  readonly owner: Pick<Owner, 'references'>
  /** It does not lead: called at each look. */
  readonly onStandby?: () => void
  /** Somebody leads without a Lease: the first one there ever is has to wait. */
  readonly predecessorRuns?: () => Promise<boolean>
}

export class Leadership {
  readonly #deps: LeadershipDeps
  readonly #election: Election
  readonly #away: Trouble
  readonly #refused: Trouble
  /** The Lease as last read or written. */
  #lease: KubeObject | undefined
  #toldLeader = ''
  /** The duration of the Lease told last. */
  #toldMs: number = PROMPT.duration
  #waiting = false
  #writes = 0
  #leading = false

  constructor(deps: LeadershipDeps) {
    this.#deps = deps
    this.#election = new Election(deps.identity)
    this.#away = new Trouble(deps.clock, deps.log, 'lease-unreachable', 'lease-reachable-again')
    this.#refused = new Trouble(deps.clock, deps.log, 'lease-refused', 'lease-allowed-again')
  }

  get leading(): boolean {
    return this.#leading
  }

  /** Why it will never lead as things are, or undefined. */
  get problem(): string | undefined {
    return this.#refused.stands ? `${REFUSED}: ${REMEDY}` : undefined
  }

  get #leases() {
    return this.#deps.leases(this.#election.timing.call)
  }

  /** Leads whenever it can, until `stop`. Then it gives the Lease back. */
  async run(lead: Lead, stop: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    while (!stop.aborted) {
      const startedAt = clock.now()
      if ((await this.#attempt()) && !stop.aborted) {
        this.#won(startedAt)
        await this.#serve(lead, stop)
      } else {
        this.#standBy()
        await pause(clock, this.#election.pause(clock.now()), stop)
      }
    }
    if (this.#election.holder === this.#deps.identity) await this.#release()
  }

  /** One term, from the Lease won to the Lease lost, or to the end of the work after `stop`. */
  async #serve(lead: Lead, stop: AbortSignal): Promise<void> {
    const { clock, log, identity } = this.#deps
    const election = this.#election
    log.info('leading', { identity })
    this.#leading = true
    this.#toldLeader = identity
    const over = new AbortController()
    const end = () => over.abort()
    stop.addEventListener('abort', end)
    if (stop.aborted) end()
    const finished = new AbortController()
    const term = { signal: over.signal, holds: () => election.holds(clock.now()) }
    const work = lead(term).finally(() => finished.abort())
    while (!finished.signal.aborted) {
      await pause(clock, election.pause(clock.now()), finished.signal)
      if (finished.signal.aborted || (await this.#renew())) continue
      log.warn('leader-lost', { identity, holder: election.holder })
      break
    }
    end()
    election.lost(clock.now())
    this.#leading = false
    await work
    stop.removeEventListener('abort', end)
  }

  /** True once the Lease is renewed; false when it is lost, at the latest at its deadline. */
  async #renew(): Promise<boolean> {
    const { clock, identity } = this.#deps
    const election = this.#election
    for (;;) {
      const startedAt = clock.now()
      // Not even tried where its time is over: others count from the last one.
      if (!election.holds(startedAt)) return false
      const ours = await within(clock, election.remaining(startedAt), this.#attempt())
      if (![identity, ''].includes(election.holder)) return false
      if (ours === true) {
        this.#won(startedAt)
        return true
      }
      const waitMs = Math.min(RETRY_MS, election.remaining(clock.now()))
      await new Promise<void>((resolve) => clock.after(waitMs, resolve))
    }
  }

  #won(startedAt: number): void {
    const { clock, log } = this.#deps
    const { timing } = this.#election
    this.#election.won(startedAt, clock.now())
    if (timing.duration === this.#toldMs) return
    this.#toldMs = timing.duration
    const why = timing === PATIENT ? 'renewals are late' : 'renewals are in time'
    log.info('lease-duration', { durationMs: timing.duration, why })
  }

  /** True: the Lease was written, and is ours as from before this began. Never rejects. */
  async #attempt(): Promise<boolean> {
    const { clock } = this.#deps
    const leases = this.#leases
    try {
      if (!this.#election.holds(clock.now()) || !this.#lease) await this.#look()
      if (!this.#election.mayClaim(clock.now())) return this.#answered(false)
      if (await this.#waitsForPredecessor()) return this.#answered(false)
      const spec = this.#election.claim(clock.now(), this.#microTime())
      this.#lease = this.#lease
        ? await leases.update(LEASES, { ...this.#lease, spec })
        : await leases.create(LEASES, await this.#fresh(spec))
      this.#election.observe(parseLeaseSpec(this.#lease), clock.now())
      return this.#answered(true)
    } catch (error) {
      return this.#failed(error)
    }
  }

  async #look(): Promise<void> {
    const { clock, namespace } = this.#deps
    try {
      this.#lease = await this.#leases.get(LEASES, { namespace, name: LEASE_NAME })
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
      this.#lease = undefined
    }
    this.#election.observe(this.#lease && parseLeaseSpec(this.#lease), clock.now())
  }

  async #waitsForPredecessor(): Promise<boolean> {
    const { log, predecessorRuns } = this.#deps
    if (this.#lease || this.#election.holder !== '' || !(await predecessorRuns?.())) return false
    if (!this.#waiting) log.info('waiting-for-predecessor')
    this.#waiting = true
    return true
  }

  /** Lets the next one lead at once. */
  async #release(): Promise<void> {
    const { log, identity } = this.#deps
    if (!this.#lease) return
    try {
      const spec = this.#election.release(this.#microTime())
      await this.#leases.update(LEASES, { ...this.#lease, spec })
      log.info('lease-released', { identity })
    } catch (error) {
      log.warn('lease-not-released', { identity, error, instead: 'it runs out' })
    }
  }

  async #fresh(spec: LeaseSpec) {
    const { namespace, owner } = this.#deps
    const ownerReferences = await owner.references()
    const metadata = { namespace, name: LEASE_NAME, ownerReferences }
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
  }

  /**
   * Now, as Kubernetes' MicroTime has it: six digits, no less. The last three count, so that no two are the
   * same even where somebody sets the clock: a renewal that changes nothing would be none.
   */
  #microTime(): string {
    const digits = `${this.#writes++ % 1000}`.padStart(3, '0')
    return new Date().toISOString().replace('Z', `${digits}Z`)
  }

  #answered(ours: boolean): boolean {
    this.#away.over()
    this.#refused.over()
    return ours
  }

  #failed(error: unknown): false {
    const status = error instanceof ApiError ? error.status : 0
    // Another wrote first, or it was deleted: what is there now is looked at next.
    this.#lease = undefined
    if (status === 409 || status === 404) return this.#answered(false) as false
    if (status === 401 || status === 403) this.#refused.happened({ error, remedy: REMEDY })
    else this.#away.happened({ error })
    return false
  }

  #standBy(): void {
    const { holder } = this.#election
    this.#deps.onStandby?.()
    if (holder === '' || holder === this.#toldLeader) return
    this.#toldLeader = holder
    this.#deps.log.info('standing-by', { leader: holder })
  }
}

const REFUSED = 'no right to the Lease that elects the controller'
const REMEDY =
  'apply the Role "controller" of manifests/bellwether.yaml (leases: get, create, update), ' +
  'or run a single controller with --leader-elect=false'
