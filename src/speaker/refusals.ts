/**
 * Tells on a Service why no node announces it. All speakers know it alike, so one of them tells: once,
 * when it has stood for a while, and again only when the reason is another or it was announced meanwhile.
 */
import type { NoCandidacy, Verdict } from '../core/election/candidacy.ts'
import { electionOrder } from '../core/election/order.ts'
import type { Clock } from '../ports/clock.ts'
import type { RecordEvent } from './announcer.ts'
import type { OwnerView } from './messages.ts'

/** Endpoints come a moment after their Service, and a rollout may leave none for a moment. */
const STANDS_MS = 5000
/** So many nodes are named for each reason. */
const NAMED = 5

export type RefusalReason = NoCandidacy | 'noCandidateAlive'

export interface Refusal {
  readonly reason: RefusalReason
  readonly message: string
}

/** For people; of those left out they are told elsewhere, or need not be. */
const TEXTS: Readonly<Partial<Record<NoCandidacy, string>>> = {
  noPool: 'its address is in no IPAddressPool',
  noMatchingAdvertisement: 'no L2Advertisement is for its pool and selects it',
  sharedIPWithServiceSelector:
    'its address may be shared (allow-shared-ip), but an L2Advertisement for it has serviceSelectors',
  noEndpoints: 'it has no endpoint that is ready or serving',
  noEligibleNode: 'no node may announce it',
}

interface Standing {
  /** The same as long as people need not be told anew. */
  readonly gist: string
  readonly timer: { cancel(): void }
}

interface Refused extends Refusal {
  readonly gist: string
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
  #refused: ReadonlyMap<string, Refused> = new Map()
  #unowned: ReadonlyMap<string, Refused> = new Map()

  constructor(options: RefusalsOptions) {
    this.#options = options
  }

  /** By Service, those that nobody announces. */
  get current(): ReadonlyMap<string, Refusal> {
    return new Map([...this.#unowned, ...this.#refused])
  }

  setMembers(names: readonly string[]): void {
    this.#members = names
  }

  /** By Service, what the API says against all nodes. */
  setVerdicts(verdicts: ReadonlyMap<string, Verdict>): void {
    this.#refused = new Map(
      [...verdicts].flatMap(([service, verdict]) => {
        const refused = refusedBy(verdict)
        return refused ? [[service, refused] as const] : []
      }),
    )
    this.#update()
  }

  /** Nodes may announce it, but none of them has a speaker that lives. */
  setOwners(owners: readonly OwnerView[]): void {
    const reason = 'noCandidateAlive'
    const unowned = owners.filter(({ owner }) => owner === undefined)
    this.#unowned = new Map(
      unowned.map(({ service, why }) => [service, { reason, gist: reason, message: why }]),
    )
    this.#update()
  }

  close(): void {
    for (const { timer } of this.#standing.values()) timer.cancel()
  }

  #update(): void {
    for (const [service, { gist, timer }] of this.#standing) {
      if (this.#of(service)?.gist === gist) continue
      timer.cancel()
      this.#standing.delete(service)
    }
    for (const service of [...this.#refused.keys(), ...this.#unowned.keys()]) {
      const gist = this.#of(service)?.gist
      // The controller tells of one that has no address.
      if (gist === undefined || gist === 'noAddress' || this.#standing.has(service)) continue
      const timer = this.#options.clock.after(STANDS_MS, () => this.#tell(service))
      this.#standing.set(service, { gist, timer })
    }
  }

  #of(service: string): Refused | undefined {
    return this.#refused.get(service) ?? this.#unowned.get(service)
  }

  #tell(service: string): void {
    const refused = this.#of(service)
    if (!refused || !this.#isTeller(service)) return
    const message = `not announced (${refused.reason}): ${refused.message}`
    this.#options.record(service, 'Warning', 'notAnnounced', message)
  }

  /** Events of many Services come from many speakers. */
  #isTeller(service: string): boolean {
    const { self } = this.#options
    const members = this.#members?.map((name) => ({ name, weight: 0 }))
    return members === undefined || electionOrder(members, service)[0] === self
  }
}

function refusedBy({ refusal: reason, unfit = {} }: Verdict): Refused | undefined {
  if (reason === undefined) return undefined
  const text = TEXTS[reason] ?? reason
  const reasons = Object.groupBy(Object.entries(unfit), ([, reason]) => reason)
  const details = Object.entries(reasons).map(([reason, nodes]) => {
    const names = nodes.map(([name]) => name)
    const more = names.length > NAMED ? [`${names.length - NAMED} more`] : []
    return `${reason} (${[...names.slice(0, NAMED), ...more].join(', ')})`
  })
  const message = details.length === 0 ? text : `${text}: ${details.join(', ')}`
  return { reason, message, gist: [reason, ...Object.keys(reasons).sort()].join() }
}
