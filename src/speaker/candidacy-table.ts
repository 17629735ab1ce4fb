/**
 * What the API says about announcing, kept as parsed objects, and the candidacies that follow from
 * it. Synchronous: change it, then ask. Only what a change touches is computed again.
 */
import { formatIp, parseIp } from '../core/net/ip.ts'
import { elect, poolOf } from '../core/election/candidacy.ts'
import type { Candidacy, NoCandidacy, Verdict } from '../core/election/candidacy.ts'
import { seatAll } from '../core/election/spread.ts'
import type { Seat } from '../core/election/spread.ts'
import type { Config, Endpoint, Node, Service } from '../core/config/model.ts'

export interface TableOptions {
  readonly self: string
  readonly ignoreExcludeLabel: boolean
  /** Services of another class are not ours; undefined: those without a class are. */
  readonly loadBalancerClass: string | undefined
  /** True if the Service carries a sharing key. */
  isShared(service: Service): boolean
}

/** What is other than it was last time. */
export interface Changes {
  /** All candidacies, of the oldest Service first. One that has not changed is the same object. */
  readonly candidacies?: readonly Candidacy[]
  /** Load balancers that nobody may announce, by key. */
  readonly refusals?: ReadonlyMap<string, Verdict>
}

/** What a Service comes to, and what each look at all of them asks of it. */
interface Result {
  readonly verdict: Verdict
  /** When the Service was made, and its key. */
  readonly age: string
  /** Canonical text, the first one first. */
  readonly ips: readonly string[]
}

export class CandidacyTable {
  readonly #options: TableOptions
  readonly #services = new Map<string, Service>()
  /** Endpoints by Service key, then by slice key. */
  readonly #endpoints = new Map<string, Map<string, readonly Endpoint[]>>()
  readonly #nodes = new Map<string, Node>()
  readonly #results = new Map<string, Result>()
  /** With their seats, by what they are without. */
  readonly #seated = new WeakMap<Candidacy, Candidacy>()
  /** As they were told last; undefined: never. */
  #list: readonly Candidacy[] | undefined
  #config: Config | undefined
  #dirty = new Set<string>()

  constructor(options: TableOptions) {
    this.#options = options
  }

  setService(key: string, service: Service | undefined): void {
    if (service) this.#services.set(key, service)
    else this.#services.delete(key)
    this.#dirty.add(key)
  }

  setEndpoints(service: string, slice: string, endpoints: readonly Endpoint[] | undefined): void {
    const slices = this.#endpoints.get(service) ?? new Map<string, readonly Endpoint[]>()
    if (endpoints) this.#endpoints.set(service, slices.set(slice, endpoints))
    else if (slices.delete(slice) && slices.size === 0) this.#endpoints.delete(service)
    this.#dirty.add(service)
  }

  /** Heartbeats change Node objects every few seconds: only what the election sees counts. */
  setNode(name: string, node: Node | undefined): void {
    const before = this.#nodes.get(name)
    if (node) this.#nodes.set(name, node)
    else this.#nodes.delete(name)
    if (JSON.stringify(before) !== JSON.stringify(node)) this.#touchAll()
  }

  /**
   * Takes a new configuration, unless an address that is announced would belong to no pool: then
   * the old one stays (as MetalLB refuses it) and the keys of those Services are returned.
   */
  setConfig(config: Config): readonly string[] {
    const orphans = [...this.#results]
      .filter(([, { verdict }]) => verdict.candidacies.length > 0)
      .flatMap(([key]) => this.#services.get(key) ?? [])
      .filter(({ ingress }) => {
        const ips = ingress.flatMap((text) => parseIp(text) ?? [])
        return ips.length > 0 && poolOf(ips, config) === undefined
      })
      .map(({ key }) => key)
    if (orphans.length > 0) return orphans
    this.#config = config
    this.#touchAll()
    return []
  }

  /**
   * What came of all that was set since the last call. A Service that is not announced yet moves no other. The
   * first call tells of candidacies even where there are none: what comes later is known to be new by that.
   */
  compute(): Changes {
    if (!this.#config) return {}
    let [seats, refusals] = [false, false]
    for (const key of this.#dirty) {
      const before = this.#results.get(key)
      const after = this.#look(key, this.#config)
      if (isSame(before, after)) continue
      if (after) this.#results.set(key, after)
      else this.#results.delete(key)
      seats ||= !isSame(partOf(before), partOf(after))
      refusals ||= !isSame(refusalOf(before), refusalOf(after))
    }
    this.#dirty = new Set()
    const candidacies = seats || !this.#list ? this.#seatAll() : undefined
    return { ...(candidacies && { candidacies }), ...(refusals && { refusals: this.#refusals() }) }
  }

  /** Why nobody may announce the Service, or undefined if somebody may. */
  reason(key: string): NoCandidacy | undefined {
    return this.#results.get(key)?.verdict.refusal
  }

  #refusals(): ReadonlyMap<string, Verdict> {
    const refused = [...this.#results].filter(([, result]) => refusalOf(result))
    return new Map(refused.map(([key, { verdict }]) => [key, verdict]))
  }

  /** Undefined: all are as they were. */
  #seatAll(): readonly Candidacy[] | undefined {
    const byAge = [...this.#results.values()].sort((a, b) => (a.age < b.age ? -1 : 1))
    const seats = seatAll(byAge.map(({ ips, verdict }) => ({ ips, seats: verdict.seats })))
    const list = byAge.flatMap(({ verdict }) =>
      verdict.candidacies.map((candidacy) => this.#withSeat(candidacy, seats.get(candidacy.ip))),
    )
    const before = this.#list
    this.#list = list
    const same = before?.length === list.length && list.every((one, i) => one === before[i])
    return same ? undefined : list
  }

  /** Undefined: it is not ours. */
  #look(key: string, config: Config): Result | undefined {
    const service = this.#services.get(key)
    if (!service || service.loadBalancerClass !== this.#options.loadBalancerClass) return undefined
    const slices = this.#endpoints.get(key)?.values() ?? []
    const verdict = elect({
      service,
      endpoints: [...slices].flat(),
      config,
      nodes: [...this.#nodes.values()],
      self: this.#options.self,
      ignoreExcludeLabel: this.#options.ignoreExcludeLabel,
      shared: this.#options.isShared(service),
    })
    // Those made in the same second by their names, so that all speakers agree.
    const age = `${service.creationTimestamp ?? ''} ${key}`
    return { verdict, age, ips: canonical(service.ingress) }
  }

  #withSeat(candidacy: Candidacy, seat: Seat | undefined): Candidacy {
    if (!seat) return candidacy
    const before = this.#seated.get(candidacy)
    if (before?.seat?.home === seat.home && before.seat.group === seat.group) return before
    const seated = { ...candidacy, seat }
    this.#seated.set(candidacy, seated)
    return seated
  }

  #touchAll(): void {
    for (const key of this.#services.keys()) this.#dirty.add(key)
  }
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** What it has to do with the others: what it is owned by, and where it wants to sit. Without an address, nothing. */
const partOf = (result: Result | undefined): unknown => {
  if (!result || result.ips.length === 0) return undefined
  const { age, ips, verdict } = result
  return [age, ips, verdict.seats, verdict.candidacies]
}

const refusalOf = (result: Result | undefined): unknown => {
  const { refusal, unfit } = result?.verdict ?? {}
  return refusal === undefined || refusal === 'notLoadBalancer' ? undefined : [refusal, unfit]
}

const canonical = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => {
    const ip = parseIp(text)
    return ip ? [formatIp(ip)] : []
  })
