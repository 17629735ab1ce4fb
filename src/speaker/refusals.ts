/**
 * Tells on a Service why no node announces it. All speakers know it alike, so one of them tells: once,
 * when it has stood for a while, and again only when the reason is another or it was announced meanwhile.
 */
import type { NoCandidacy, Verdict } from '../core/election/candidacy.ts'
import { electionOrder } from '../core/election/order.ts'
import type { Clock } from '../ports/clock.ts'
import type { RecordEvent } from './announcer.ts'

/** Endpoints come a moment after their Service, and a rollout may leave none for a moment. */
const STANDS_MS = 5000
/** So many nodes are named for each reason. */
const NAMED = 5

/** What a person is told; those left out need no telling. */
const TEXTS: Readonly<Partial<Record<NoCandidacy, string>>> = {
  noPool: 'its address is in no IPAddressPool',
  noMatchingAdvertisement: 'no L2Advertisement is for its pool and selects it',
  sharedIPWithServiceSelector:
    'its address may be shared (allow-shared-ip), but an L2Advertisement for it has serviceSelectors',
  noEndpoints: 'it has no endpoint that is ready or serving',
  noEligibleNode: 'no node may announce it',
}

interface Standing {
  readonly reason: string
  readonly timer: { cancel(): void }
}

export interface RefusalsOptions {
  readonly self: string
  readonly clock: Clock
  readonly record: RecordEvent
}

export class Refusals {
  readonly #options: RefusalsOptions
  readonly #standing = new Map<string, Standing>()
  /** Names of the speakers; undefined: not known, each is on its own. */
  #members: readonly string[] | undefined
  #current: ReadonlyMap<string, Verdict> = new Map()

  constructor(options: RefusalsOptions) {
    this.#options = options
  }

  /** By Service, those that nobody announces. */
  get current(): ReadonlyMap<string, Verdict> {
    return this.#current
  }

  setMembers(names: readonly string[]): void {
    this.#members = names
  }

  set(refusals: ReadonlyMap<string, Verdict>): void {
    this.#current = refusals
    for (const [service, { reason, timer }] of this.#standing) {
      if (reasonOf(refusals.get(service)) === reason) continue
      timer.cancel()
      this.#standing.delete(service)
    }
    for (const [service, verdict] of refusals) {
      const reason = reasonOf(verdict)
      if (reason === undefined || this.#standing.has(service)) continue
      const timer = this.#options.clock.after(STANDS_MS, () => this.#tell(service))
      this.#standing.set(service, { reason, timer })
    }
  }

  close(): void {
    for (const { timer } of this.#standing.values()) timer.cancel()
  }

  #tell(service: string): void {
    const verdict = this.#current.get(service)
    if (!verdict || !this.#isTeller(service)) return
    this.#options.record(service, 'Warning', 'notAnnounced', textOf(verdict))
  }

  /** Events of many Services come from many speakers. */
  #isTeller(service: string): boolean {
    const { self } = this.#options
    const members = this.#members?.map((name) => ({ name, weight: 0 }))
    return members === undefined || electionOrder(members, service)[0] === self
  }
}

/** The same as long as people need not be told anew; undefined: they need not be told. */
function reasonOf(verdict: Verdict | undefined): string | undefined {
  if (verdict?.refusal === undefined || TEXTS[verdict.refusal] === undefined) return undefined
  return [verdict.refusal, ...new Set(Object.values(verdict.unfit ?? {}))].sort().join()
}

/** `not announced (noEligibleNode): no node may announce it: noLocalEndpoints (w1, w2)`. */
function textOf({ refusal, unfit = {} }: Verdict): string {
  if (refusal === undefined) return ''
  const text = `not announced (${refusal}): ${TEXTS[refusal] ?? refusal}`
  const reasons = Object.groupBy(Object.entries(unfit), ([, reason]) => reason)
  const details = Object.entries(reasons).map(([reason, nodes]) => {
    const names = nodes.map(([name]) => name)
    const more = names.length > NAMED ? [`${names.length - NAMED} more`] : []
    return `${reason} (${[...names.slice(0, NAMED), ...more].join(', ')})`
  })
  return details.length === 0 ? text : `${text}: ${details.join(', ')}`
}
