/**
 * All that a report looks at, taken at one time: objects of the API as they came, parsed once. What could
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
import { parseSpeakerView } from './speaker-view.ts'
import type { SpeakerView } from './speaker-view.ts'

type Objects = Look<readonly unknown[]>

/** Lists of objects as the API has them. What is absent was not asked for. */
export interface SnapshotObjects {
  readonly services?: Objects
  readonly endpointSlices?: Objects
  readonly nodes?: Objects
  readonly namespaces?: Objects
  /** Those of MetalLB's namespace; of them the controller's and the speakers' are looked at. */
  readonly pods?: Objects
  readonly pools?: Objects
  readonly l2Advertisements?: Objects
  readonly l2Statuses?: Objects
  readonly configurationStates?: Objects
  /** On Services. */
  readonly events?: Objects
}

export type Part = keyof SnapshotObjects

export interface SnapshotInput extends SnapshotObjects {
  /** Where MetalLB's objects are. */
  readonly namespace: string
  /** When it was taken, ms since 1970. */
  readonly at: number
  /** What each speaker answered at `/debug/view`, as parsed JSON; absent: they were not asked. */
  readonly views?: readonly { readonly node: string; readonly view: Look<unknown> }[]
}

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
  readonly views: readonly { readonly node: string; readonly view: Look<SpeakerView> }[]
}

const PARTS = [
  'services',
  'endpointSlices',
  'nodes',
  'namespaces',
  'pods',
  'pools',
  'l2Advertisements',
  'l2Statuses',
  'configurationStates',
  'events',
] as const satisfies readonly Part[]

/** What is of an API to come, and cannot be read, is passed over. */
export function parseSnapshot(input: SnapshotInput): Snapshot {
  const all = (part: Part): readonly unknown[] => {
    const look = input[part]
    return look && 'seen' in look ? look.seen : []
  }
  const each = <T>(part: Part, parse: (object: unknown) => T | undefined): T[] =>
    // A list in a list, since what is parsed may be one itself.
    all(part).flatMap((object) => {
      const parsed = parse(object)
      return parsed === undefined ? [] : [parsed]
    })
  return snapshotOf({
    namespace: input.namespace,
    at: input.at,
    unseen: Object.fromEntries(
      PARTS.flatMap((part) => {
        const look = input[part] ?? { unseen: 'it was not asked for' }
        return 'unseen' in look ? [[part, look.unseen]] : []
      }),
    ),
    services: each('services', parseService),
    endpointSlices: each('endpointSlices', parseEndpointSlice),
    nodes: each('nodes', parseNodeObject),
    namespaces: each('namespaces', parseNamespace),
    pods: each('pods', parsePod),
    poolObjects: all('pools'),
    l2AdvertisementObjects: all('l2Advertisements'),
    l2Statuses: each('l2Statuses', parseL2Status),
    configurationStates: each('configurationStates', parseConfigurationState),
    events: each('events', parseEvent),
    views: (input.views ?? []).map(({ node, view }) => ({
      node,
      view: 'seen' in view ? parseSpeakerView(view.seen) : view,
    })),
  })
}

/** Objects that were parsed as they came, in any order. */
export interface SnapshotParts extends Pick<
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
  /** Not parsed: they are judged together. */
  readonly poolObjects: readonly unknown[]
  readonly l2AdvertisementObjects: readonly unknown[]
}

export function snapshotOf(parts: SnapshotParts): Snapshot {
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
