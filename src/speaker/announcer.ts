/**
 * Tells people what this node announces: events on the Services and ServiceL2Status. Hears the
 * owners from the gossip thread and the interfaces from the packet thread.
 */
import type { Clock } from '../ports/clock.ts'
import { takeoverWords } from '../core/election/takeover.ts'
import type { Candidacy, ConflictPolicy, OwnerView, Rival } from './messages.ts'
import { conflictOf, rivalGone, rivalWarning } from './rival-words.ts'
import type { Announced } from './status-plan.ts'

/** An interface that goes takes its addresses along: most are another node's a moment later. */
const FAILS_FOR_MS = 1000
/** What is taken is told once it is announced, so that all can be told at once; or after this long. */
const ANNOUNCED_IN_MS = 5000

/** Records an event on a Service, named `namespace/name`. */
export type RecordEvent = (
  service: string,
  type: 'Normal' | 'Warning',
  reason:
    | 'nodeAssigned'
    | 'announceFailed'
    | 'notAnnounced'
    | 'AddressConflict'
    | 'AddressConflictResolved'
    | 'AnnouncedTwice',
  message: string,
) => void

export class Announcer {
  readonly #self: string
  readonly #policy: ConflictPolicy
  readonly #clock: Clock
  readonly #record: RecordEvent
  readonly #publish: (announced: ReadonlyMap<string, Announced>) => void
  #candidacies: readonly Candidacy[] = []
  #ownerships: readonly OwnerView[] = []
  /** By address. */
  #conflicts: ReadonlyMap<string, readonly Rival[]> = new Map()
  /** Services that are announced from here, by the first of their addresses that is. */
  #owned: ReadonlyMap<string, OwnerView> = new Map()
  #interfaces: ReadonlySet<string> | undefined
  #announced: ReadonlyMap<string, Announced> = new Map()
  /** Services whose failure is told, or will be if it stays, so that it is told once. */
  readonly #failing = new Map<string, { cancel(): void }>()
  /** Services that are ours but not announced yet; true: told all the same. */
  readonly #waiting = new Map<string, { cancel(): void } | true>()

  constructor(
    self: string,
    policy: ConflictPolicy,
    clock: Clock,
    record: RecordEvent,
    publish: (announced: ReadonlyMap<string, Announced>) => void,
  ) {
    this.#self = self
    this.#policy = policy
    this.#clock = clock
    this.#record = record
    this.#publish = publish
  }

  /** The addresses announced by this node, with their Services. */
  get announced(): { readonly service: string; readonly ip: string }[] {
    return this.#own
      .filter(({ service, ip }) => this.#announced.has(service) && !this.#isYielded(ip))
      .map(({ service, ip }) => ({ service, ip }))
  }

  get owners(): readonly OwnerView[] {
    return this.#ownerships
  }

  /** What was handed to the gossip thread: the interfaces of each Service. */
  setCandidacies(candidacies: readonly Candidacy[]): void {
    this.#candidacies = candidacies
    this.#update()
  }

  setOwners(ownerships: readonly OwnerView[]): void {
    this.#ownerships = ownerships
    this.#update()
  }

  /** Names of the interfaces that qualify on this node now. */
  setInterfaces(names: readonly string[]): void {
    this.#interfaces = new Set(names)
    this.#update()
  }

  /** Others use addresses of ours: on each Service that has one. */
  tellRivals(news: { readonly alarms: readonly Rival[]; readonly gone: readonly Rival[] }): void {
    const { alarms, gone } = news
    for (const rival of alarms) {
      const reason = rival.kind === 'speaker' ? 'AnnouncedTwice' : 'AddressConflict'
      const message = rivalWarning(rival, this.#self, this.#policy)
      for (const service of this.#servicesOf(rival.ip)) {
        this.#record(service, 'Warning', reason, message)
      }
    }
    for (const rival of gone) {
      if (rival.kind !== 'stranger') continue
      const message = rivalGone(rival, this.#self)
      for (const service of this.#servicesOf(rival.ip)) {
        this.#record(service, 'Normal', 'AddressConflictResolved', message)
      }
    }
  }

  /** All that people are to know of. What is left to a stranger is not announced from here. */
  setConflicts(conflicts: readonly Rival[]): void {
    this.#conflicts = Map.groupBy(conflicts, ({ ip }) => ip)
    this.#update()
  }

  get #own(): OwnerView[] {
    return this.#ownerships.filter(({ owner }) => owner === this.#self)
  }

  #isYielded(ip: string): boolean {
    const rivals = this.#policy === 'yield' ? this.#conflicts.get(ip) : undefined
    return rivals?.some(({ kind }) => kind === 'stranger') ?? false
  }

  #servicesOf(ip: string): string[] {
    return this.#own.filter((one) => one.ip === ip).map(({ service }) => service)
  }

  #update(): void {
    const there = this.#interfaces
    if (!there) return
    const own = this.#own
    const here = own.filter(({ ip }) => !this.#isYielded(ip))
    this.#owned = new Map(here.toReversed().map((owner) => [owner.service, owner]))
    const contested = Map.groupBy(
      own.filter(({ ip }) => this.#conflicts.has(ip)),
      ({ service }) => service,
    )
    const announced = new Map<string, Announced>()
    const failed = new Set<string>()
    for (const { service, ip, interfaces } of this.#candidacies) {
      const owned = this.#owned.get(service)
      if (!owned || announced.has(service) || failed.has(service)) continue
      const usable = interfaces === 'all' ? [...there] : interfaces.filter((it) => there.has(it))
      if (usable.length > 0) {
        if (!this.#announced.has(service)) {
          if (!this.#isTaken(owned)) continue
          this.#tellAssigned(owned)
        }
        const { why, taken } = owned
        const on = interfaces === 'all' ? [] : usable
        const rivals = contested.get(service)?.flatMap(({ ip }) => this.#conflicts.get(ip) ?? [])
        const conflict = rivals && conflictOf(rivals, this.#self, this.#policy)
        announced.set(service, {
          service,
          interfaces: on,
          why,
          taken,
          ...(conflict && { conflict }),
        })
      } else {
        failed.add(service)
        if (this.#failing.has(service)) continue
        const tell = () => this.#tellFailed(service, ip, interfaces)
        this.#failing.set(service, this.#clock.after(FAILS_FOR_MS, tell))
      }
    }
    for (const [service, timer] of this.#failing) {
      if (failed.has(service)) continue
      timer.cancel()
      this.#failing.delete(service)
    }
    for (const [service, timer] of this.#waiting) {
      if (this.#owned.has(service) && !announced.has(service)) continue
      if (timer !== true) timer.cancel()
      this.#waiting.delete(service)
    }
    this.#announced = announced
    this.#publish(announced)
  }

  /** False: what came of the take-over will be known in a moment. */
  #isTaken({ service, taken }: OwnerView): boolean {
    const waiting = this.#waiting.get(service)
    if (taken || waiting === true) return true
    if (waiting) return false
    const tell = () => {
      this.#waiting.set(service, true)
      this.#update()
    }
    this.#waiting.set(service, this.#clock.after(ANNOUNCED_IN_MS, tell))
    return false
  }

  /** MetalLB's words, why this node, and what the take-over was. */
  #tellAssigned({ service, why, taken }: OwnerView): void {
    const how = taken ? `; ${takeoverWords(taken)}` : ''
    const message = `announcing from node "${this.#self}" with protocol "layer2": ${why}${how}`
    this.#record(service, 'Normal', 'nodeAssigned', message)
  }

  /** MetalLB's words, and what there is. */
  #tellFailed(service: string, ip: string, wanted: readonly string[] | 'all'): void {
    const there = [...(this.#interfaces ?? [])].sort()
    const message =
      `the interfaces specified by LB IP "${ip}" don't exist in assigned node "${this.#self}" with protocol "layer2": ` +
      `wanted ${wanted === 'all' ? 'any' : `one of [${wanted.join(', ')}]`}, usable are [${there.join(', ')}]`
    this.#record(service, 'Warning', 'announceFailed', message)
  }
}
