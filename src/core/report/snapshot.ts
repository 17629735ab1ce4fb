/**
 * All that a report looks at, taken at one time: objects of the API, read once. What could
 * not be seen is empty, and `unseen` says why.
 */
import { parseEndpointSlice } from '../config/endpoints.ts'
import type { EndpointSlice } from '../config/endpoints.ts'
import type { Config, Endpoint, Problem, Service } from '../config/model.ts'
import { byName } from '../config/object.ts'
import { parseL2Advertisement } from '../config/parse-l2-advertisement.ts'
import { parseConfig } from '../config/parse-config.ts'
import { parsePool } from '../config/parse-pool.ts'
import type { Labels } from '../config/selector.ts'
import { parseService } from '../config/service.ts'
import { flagsOf } from './component-flags.ts'
import type { ComponentFlags } from './component-flags.ts'
import type { Look } from './look.ts'
import {
  parseConfigurationState,
  parseEvent,
  parseL2Status,
  parseNamespace,
  parseNodeObject,
  parsePod,
  parsePoolObject,
} from './objects.ts'
import type {
  ConfigurationState,
  L2Status,
  NodeObject,
  PodObject,
  PoolObject,
  ServiceEvent,
} from './objects.ts'
import type { SpeakerView } from './speaker-view.ts'

const asItCame = (object: unknown): unknown => object

/** How an object of each part is read. Pools and advertisements stay as they came: they are judged together. */
const READERS = {
  services: parseService,
  endpointSlices: parseEndpointSlice,
  nodes: parseNodeObject,
  namespaces: parseNamespace,
  /** Those of MetalLB's namespace; of them the controller's and the speakers' are looked at. */
  pods: parsePod,
  pools: asItCame,
  l2Advertisements: asItCame,
  l2Statuses: parseL2Status,
  configurationStates: parseConfigurationState,
  /** On Services. */
  events: parseEvent,
} satisfies Record<string, (object: unknown) => unknown>

export type Part = keyof typeof READERS

type ObjectOf<P extends Part> = NonNullable<ReturnType<(typeof READERS)[P]>>

/** A list of the API, read: what is of an API to come, and cannot be read, is passed over. */
export function readPart<P extends Part>(
  part: P,
  look: Look<readonly unknown[]>,
): Look<readonly ObjectOf<P>[]> {
  if ('unseen' in look) return look
  const read = READERS[part] as (object: unknown) => ObjectOf<P> | undefined
  // A list in a list, since what is read may be one itself.
  return {
    seen: look.seen.flatMap((object) => {
      const its = read(object)
      return its === undefined ? [] : [its]
    }),
  }
}

/** What is absent was not asked for. */
export type SnapshotParts = { readonly [P in Part]?: Look<readonly ObjectOf<P>[]> }

/** What each speaker answered at `/debug/view`; none: they were not asked. */
export type SpeakerViews = readonly {
  readonly node: string
  readonly view: Look<SpeakerView>
}[]

export interface Snapshot {
  readonly namespace: string
  /** When it was taken, ms since 1970. */
  readonly at: number
  /** Why a part was not seen. */
  readonly unseen: Readonly<Partial<Record<Part, string>>>
  /** Oldest first. */
  readonly services: readonly Service[]
  /** By Service, `namespace/name`. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>
  /** By name. */
  readonly nodes: readonly NodeObject[]
  /** Labels by name. */
  readonly namespaces: ReadonlyMap<string, Labels>
  /** Of the controller and the speakers. */
  readonly pods: readonly PodObject[]
  readonly flags: ComponentFlags
  /** By name; also those that the configuration cannot use. */
  readonly pools: readonly PoolObject[]
  /** What can be read of pools and advertisements, though all of it be refused for `problems`. */
  readonly config: Config
  /** What is wrong with pools and advertisements; none: all of it can be used. */
  readonly problems: readonly Problem[]
  readonly l2Statuses: readonly L2Status[]
  readonly configurationStates: readonly ConfigurationState[]
  /** Newest first. */
  readonly events: readonly ServiceEvent[]
  /** One for each speaker that was asked. */
  readonly views: SpeakerViews
}

/** `at`: when it was taken, ms since 1970. `namespace`: where MetalLB's objects are. */
export function snapshotOfLooks(
  looks: SnapshotParts,
  about: Pick<Snapshot, 'namespace' | 'at'> & { readonly views?: SpeakerViews },
): Snapshot {
  const seen = <P extends Part>(part: P): readonly ObjectOf<P>[] => {
    const look = looks[part]
    return look && 'seen' in look ? look.seen : []
  }
  const unseen = (Object.keys(READERS) as Part[]).flatMap((part) => {
    const look = looks[part] ?? { unseen: 'it was not asked for' }
    return 'unseen' in look ? [[part, look.unseen]] : []
  })
  return snapshotOf({
    views: [],
    ...about,
    unseen: Object.fromEntries(unseen) as Snapshot['unseen'],
    services: seen('services'),
    endpointSlices: seen('endpointSlices'),
    nodes: seen('nodes'),
    namespaces: seen('namespaces'),
    pods: seen('pods'),
    poolObjects: seen('pools'),
    l2AdvertisementObjects: seen('l2Advertisements'),
    l2Statuses: seen('l2Statuses'),
    configurationStates: seen('configurationStates'),
    events: seen('events'),
  })
}

/** Objects that were read as they came, in any order. */
interface SeenParts extends Pick<
  Snapshot,
  | 'namespace'
  | 'at'
  | 'unseen'
  | 'services'
  | 'nodes'
  | 'pods'
  | 'l2Statuses'
  | 'configurationStates'
  | 'events'
  | 'views'
> {
  readonly endpointSlices: readonly EndpointSlice[]
  readonly namespaces: Iterable<readonly [name: string, Labels]>
  readonly poolObjects: readonly unknown[]
  readonly l2AdvertisementObjects: readonly unknown[]
}

export function snapshotOf(parts: SeenParts): Snapshot {
  const { endpointSlices, namespaces, poolObjects, l2AdvertisementObjects, ...rest } = parts
  const pods = [...parts.pods].sort(byName)
  return {
    ...rest,
    services: [...parts.services].sort(byAge),
    endpoints: endpointsOf(endpointSlices),
    nodes: [...parts.nodes].sort(byName),
    namespaces: new Map(namespaces),
    pods,
    flags: flagsOf(pods),
    pools: poolObjects.flatMap((object) => parsePoolObject(object) ?? []).sort(byName),
    ...configOf(poolObjects, l2AdvertisementObjects),
    configurationStates: [...parts.configurationStates].sort(byName),
    events: [...parts.events].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)),
  }
}

/** As the speakers have it (candidacy-table.ts): those made in the same second by their names. */
function byAge(a: Service, b: Service): number {
  const [first, second] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  if (first !== second) return first < second ? -1 : 1
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

function endpointsOf(slices: readonly EndpointSlice[]): Map<string, readonly Endpoint[]> {
  const all = new Map<string, readonly Endpoint[]>()
  for (const slice of slices) {
    all.set(slice.service, [...(all.get(slice.service) ?? []), ...slice.endpoints])
  }
  return all
}

function configOf(
  poolObjects: readonly unknown[],
  adObjects: readonly unknown[],
): Pick<Snapshot, 'config' | 'problems'> {
  const parsed = parseConfig({ pools: poolObjects, l2Advertisements: adObjects })
  if (parsed.ok) return { config: parsed.config, problems: [] }
  const pools = poolObjects.flatMap((object) => parsePool(object, []) ?? []).sort(byName)
  const l2Advertisements = adObjects
    .flatMap((object) => parseL2Advertisement(object, pools, []) ?? [])
    .sort(byName)
  const config = { pools: new Map(pools.map((pool) => [pool.name, pool])), l2Advertisements }
  return { config, problems: parsed.problems }
}
