/** The snapshot that commands look at: lists of objects, and the speakers' views where they are wanted. */
import type { Look } from '../core/report/look.ts'
import type { PodObject } from '../core/report/objects.ts'
import { readPart, snapshotOfLooks } from '../core/report/snapshot.ts'
import type { Part, Snapshot, SnapshotParts, SpeakerViews } from '../core/report/snapshot.ts'
import type { Resource, Scope } from '../ports/cluster.ts'
import {
  CONFIGURATION_STATES,
  ENDPOINT_SLICES,
  EVENTS,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  SERVICE_L2_STATUSES,
} from '../ports/resources.ts'
import { lookAtAll, orFailure } from './asking.ts'
import type { Connection } from './connection.ts'
import { speakerViews } from './views.ts'

/** Not those of what goes well, which every Service has: no report asks for them. */
const TROUBLES = 'involvedObject.kind=Service,reason!=IPAllocated,reason!=nodeAssigned'

/** What no command can do without. */
const NEEDED: readonly Part[] = ['services', 'pools']

/**
 * Ends the plugin where the cluster does not answer, or keeps from this user what is needed; of the rest
 * the snapshot says why it was not seen.
 */
export async function collect(
  connection: Connection,
  views: boolean,
  needed: readonly Part[] = NEEDED,
): Promise<Snapshot> {
  const { cluster, metallbNamespace: namespace } = connection
  // Each list is read as it comes: thousands of objects as they came are more than a heap likes to hold.
  const all = async <P extends Part>(part: P, resource: Resource, scope?: Scope) =>
    readPart(part, await lookAtAll(cluster, resource, scope))
  const own = <P extends Part>(part: P, resource: Resource) => all(part, resource, { namespace })
  const pods = own('pods', PODS)
  const looks = {
    services: all('services', SERVICES),
    endpointSlices: all('endpointSlices', ENDPOINT_SLICES),
    nodes: all('nodes', NODES),
    namespaces: all('namespaces', NAMESPACES),
    pods,
    pools: own('pools', IP_ADDRESS_POOLS),
    l2Advertisements: own('l2Advertisements', L2_ADVERTISEMENTS),
    l2Statuses: own('l2Statuses', SERVICE_L2_STATUSES),
    configurationStates: own('configurationStates', CONFIGURATION_STATES),
    events: all('events', EVENTS, { fieldSelector: TROUBLES }),
  } satisfies { [P in Part]: Promise<NonNullable<SnapshotParts[P]>> }
  const asked = views ? pods.then((look) => viewsOf(connection, look)) : undefined
  const [parts, its] = await Promise.all([
    Promise.all(Object.entries(looks).map(async ([part, look]) => [part, await look] as const)),
    asked,
  ])
  const seen = Object.fromEntries(parts) as Required<SnapshotParts>
  orFailure<readonly unknown[]>(needed.map((part) => seen[part]))
  return snapshotOfLooks(seen, { namespace, at: Date.now(), ...(its && { views: its }) })
}

function viewsOf(
  connection: Connection,
  pods: Look<readonly PodObject[]>,
): Promise<SpeakerViews> | undefined {
  if ('unseen' in pods) return undefined
  return speakerViews(
    connection,
    pods.seen.filter(({ component }) => component === 'speaker'),
  )
}
