/** The snapshot that commands look at: lists of objects, and the speakers' views where they are wanted. */
import type { Look } from '../core/report/look.ts'
import { parseSnapshot } from '../core/report/snapshot.ts'
import type { Part, Snapshot } from '../core/report/snapshot.ts'
import type { KubeObject, Resource, Scope } from '../ports/cluster.ts'
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
import { isComponent, speakerViews } from './views.ts'

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
  const all = (resource: Resource, scope?: Scope) => lookAtAll(cluster, resource, scope)
  const own = (resource: Resource) => lookAtAll(cluster, resource, { namespace })
  const pods = own(PODS)
  const looks = {
    services: all(SERVICES),
    endpointSlices: all(ENDPOINT_SLICES),
    nodes: all(NODES),
    namespaces: all(NAMESPACES),
    pods,
    pools: own(IP_ADDRESS_POOLS),
    l2Advertisements: own(L2_ADVERTISEMENTS),
    l2Statuses: own(SERVICE_L2_STATUSES),
    configurationStates: own(CONFIGURATION_STATES),
    events: all(EVENTS, { fieldSelector: 'involvedObject.kind=Service' }),
  } satisfies Record<Part, Promise<Look<readonly KubeObject[]>>>
  const asked = views ? pods.then((look) => viewsOf(connection, look)) : Promise.resolve(undefined)
  const [parts, its] = await Promise.all([
    Promise.all(Object.entries(looks).map(async ([part, look]) => [part, await look] as const)),
    asked,
  ])
  const objects = Object.fromEntries(parts) as { [part in Part]: Look<readonly KubeObject[]> }
  orFailure(needed.map((part) => objects[part]))
  return parseSnapshot({ namespace, at: Date.now(), ...objects, ...(its && { views: its }) })
}

function viewsOf(connection: Connection, pods: Look<readonly KubeObject[]>) {
  if ('unseen' in pods) return undefined
  return speakerViews(
    connection,
    pods.seen.filter((pod) => isComponent(pod, 'speaker')),
  )
}
