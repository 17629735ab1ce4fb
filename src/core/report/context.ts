/** A snapshot, and what is derived from it once for all Services. */
import type { Config, L2Advertisement, Pool, Service } from '../config/model.ts'
import { elect, matchingAdvertisements, poolOf, unfitNodes } from '../election/candidacy.ts'
import type { Candidacy, ElectionInput, Unfit, Verdict } from '../election/candidacy.ts'
import { owners } from '../election/owners.ts'
import type { Electorate } from '../election/owners.ts'
import { seatAll } from '../election/spread.ts'
import { formatIp } from '../net/ip.ts'
import { sharingOf } from '../pool/sharing.ts'
import { Allocation, ipsOf, isOurs } from './allocation.ts'
import type { L2Status, PodObject, ServiceEvent } from './objects.ts'
import type { Snapshot } from './snapshot.ts'
import { SpeakerWords } from './speaker-words.ts'
import { parseTime } from './time.ts'

/** Who may announce a Service that has an address of a pool. */
export interface Election {
  readonly pool: Pool
  /** Those that match it. */
  readonly advertisements: readonly L2Advertisement[]
  readonly verdict: Verdict
  /** By node. */
  readonly unfit: Readonly<Record<string, Unfit>>
  /** Names of those that may, best first; empty where nobody may. */
  readonly order: readonly string[]
}

export class Context {
  readonly snapshot: Snapshot
  readonly allocation: Allocation
  readonly words: SpeakerWords
  readonly #statuses: ReadonlyMap<string, readonly L2Status[]>
  readonly #holders: ReadonlyMap<string, readonly Service[]>
  readonly #speakers: ReadonlyMap<string, PodObject>
  readonly #events: ReadonlyMap<string, readonly ServiceEvent[]>
  readonly #elections = new Map<string, Election | undefined>()
  #candidacies: readonly Candidacy[] | undefined
  #homes: ReadonlyMap<string, string | undefined> | undefined
  #electorate: Electorate | undefined
  #expected: ReadonlyMap<string, string | undefined> | undefined

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot
    this.allocation = new Allocation(snapshot)
    this.words = new SpeakerWords(snapshot)
    this.#statuses = Map.groupBy(snapshot.l2Statuses, ({ service }) => service)
    this.#holders = holdersOf(snapshot.services)
    this.#events = Map.groupBy(snapshot.events, ({ service }) => service)
    const speakers = snapshot.pods.filter(({ component }) => component === 'speaker')
    // While one is replaced there are two of a node: the one that is ready counts.
    this.#speakers = new Map(
      [...speakers].sort((a, b) => Number(a.ready) - Number(b.ready)).map((pod) => [pod.node, pod]),
    )
  }

  service(key: string): Service | undefined {
    return this.snapshot.services.find((service) => service.key === key)
  }

  /** Load balancers that have the address. */
  holders(ip: string): readonly Service[] {
    return this.#holders.get(ip) ?? []
  }

  /** What owners tell in the API; more than one while an address moves. */
  statuses(service: string): readonly L2Status[] {
    return this.#statuses.get(service) ?? []
  }

  /** The newest of these reasons that was said of the Service within `withinMs`. */
  lastEvent(
    service: string,
    reasons: readonly string[],
    withinMs: number,
  ): ServiceEvent | undefined {
    const newest = this.#events.get(service)?.find(({ reason }) => reasons.includes(reason))
    const at = parseTime(newest?.at)
    return at !== undefined && this.snapshot.at - at <= withinMs ? newest : undefined
  }

  /** By name of the node. */
  get speakers(): ReadonlyMap<string, PodObject> {
    return this.#speakers
  }

  /** Undefined where it has no address, or one of no pool. */
  election(service: Service): Election | undefined {
    if (!this.#elections.has(service.key)) {
      this.#elections.set(service.key, electionOf(this.snapshot, service))
    }
    return this.#elections.get(service.key)
  }

  /** Where an even spread would have the Service; undefined: nowhere. */
  home(service: string): string | undefined {
    this.#homes ??= new Map(this.#all.map((it) => [it.service, it.seat?.home]))
    return this.#homes.get(service)
  }

  /** The node that would have the Service if all were as seen. */
  expectedOwner(service: string): string | undefined {
    this.#expected ??= this.#ownersWithout()
    return this.#expected.get(service)
  }

  /** The node that would have the Service if that node were gone. */
  nextOwner(service: string, gone: string): string | undefined {
    return this.#ownersWithout(gone).get(service)
  }

  /** By Service. */
  #ownersWithout(...gone: readonly string[]): ReadonlyMap<string, string | undefined> {
    this.#electorate ??= this.words.electorate(
      [...this.#speakers.values()].filter(({ ready }) => ready).map(({ node }) => node),
    )
    const usable = this.#electorate.usable.difference(new Set(gone))
    const owned = owners(this.#all, { ...this.#electorate, usable })
    return new Map(owned.map(({ service, owner }) => [service, owner]))
  }

  get #all(): readonly Candidacy[] {
    this.#candidacies ??= candidaciesOf(this)
    return this.#candidacies
  }
}

function holdersOf(services: readonly Service[]): Map<string, Service[]> {
  const holders = new Map<string, Service[]>()
  for (const service of services) {
    if (service.type !== 'LoadBalancer') continue
    for (const ip of ipsOf(service).map(formatIp)) {
      holders.set(ip, [...(holders.get(ip) ?? []), service])
    }
  }
  return holders
}

/** As the speakers reckon it (speaker/candidacy-table.ts): the oldest Service has its seat first. */
function candidaciesOf(context: Context): readonly Candidacy[] {
  const { snapshot } = context
  const verdicts = snapshot.services
    .filter((service) => isOurs(snapshot, service))
    .flatMap((service) => {
      const verdict = context.election(service)?.verdict
      return verdict ? [{ service, verdict }] : []
    })
  const seats = seatAll(
    verdicts.map(({ service, verdict }) => ({
      ips: ipsOf(service).map(formatIp),
      seats: verdict.seats,
    })),
  )
  return verdicts.flatMap(({ verdict }) =>
    verdict.candidacies.map((candidacy) => {
      const seat = seats.get(candidacy.ip)
      return seat ? { ...candidacy, seat } : candidacy
    }),
  )
}

/** What the election goes by. */
export function electionInput(snapshot: Snapshot, service: Service): ElectionInput {
  return {
    service,
    endpoints: snapshot.endpoints.get(service.key) ?? [],
    config: snapshot.config,
    nodes: snapshot.nodes,
    self: '',
    ignoreExcludeLabel: snapshot.flags.ignoreExcludeLabel,
    shared: sharingOf(service).key !== '',
  }
}

function electionOf(snapshot: Snapshot, service: Service): Election | undefined {
  const { config }: { readonly config: Config } = snapshot
  const ips = ipsOf(service)
  const pool = ips.length > 0 ? poolOf(ips, config) : undefined
  if (!pool) return undefined
  const input = electionInput(snapshot, service)
  const advertisements = matchingAdvertisements(service, pool, config)
  const verdict = elect(input)
  const unfit = unfitNodes(input, advertisements)
  return { pool, advertisements, verdict, unfit, order: verdict.candidacies[0]?.order ?? [] }
}
