/** Feeds a Board from watches, and tells what changed of it: in bursts, never faster than people see. */
import type { Board } from '../../core/report/board.ts'
import type { BoardKind } from '../../core/report/board-objects.ts'
import type { BoardDelta } from '../../core/report/board-state.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Cluster, FollowScope, Followed, Resource } from '../../ports/cluster.ts'
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
} from '../../ports/resources.ts'

const BURST_MS = 100
/** Where time alone changes something. */
const TICK_MS = 1000
/** Why something is not seen, and what to do about it where it does not pass. */
const NOT_LISTED =
  'not listed yet; if it stays so, apply manifests/dashboard/dashboard.yaml, which grants the controller the right'

/** Ends with `signal`. `tell` is called for the first time when all has been listed. */
export function watchBoard(
  { cluster, clock }: { readonly cluster: Pick<Cluster, 'follow'>; readonly clock: Clock },
  namespace: string,
  board: Board,
  tell: (delta: BoardDelta) => void,
  signal: AbortSignal,
): void {
  const followed: Followed[] = []
  let timer: { cancel(): void } | undefined
  let hurried = false
  const later = (ms: number) => {
    if (hurried || signal.aborted) return
    timer?.cancel()
    hurried = ms === BURST_MS
    timer = clock.after(ms, pass)
  }
  const pass = () => {
    hurried = false
    if (signal.aborted) return
    board.unseen = unseen()
    const delta = board.delta(Date.now())
    if (delta) tell(delta)
    if (board.waiting) later(TICK_MS)
  }
  const follow = (kind: BoardKind, resource: Resource, scope: FollowScope): Followed => {
    const heard: Parameters<Cluster['follow']>[2] = (change) => {
      if (change.kind === 'upsert') board.put(kind, change.key, change.object)
      else if (change.kind === 'delete') board.remove(kind, change.key)
      if (followed.every(({ synced }) => synced)) later(BURST_MS)
    }
    // The board has what it needs of them.
    return cluster.follow(resource, { ...scope, keep: 'metadata' }, heard, signal)
  }
  followed.push(
    follow('node', NODES, {}),
    follow('namespace', NAMESPACES, {}),
    follow('pod', PODS, { namespace }),
    follow('service', SERVICES, {}),
    follow('announcement', SERVICE_L2_STATUSES, { namespace }),
    follow('pool', IP_ADDRESS_POOLS, { namespace }),
    follow('advertisement', L2_ADVERTISEMENTS, { namespace }),
    follow('configuration', CONFIGURATION_STATES, { namespace }),
  )
  // Without these there is less to tell of why something is wrong, and of what was before.
  const endpointSlices = follow('endpointSlice', ENDPOINT_SLICES, {})
  const events = follow('event', EVENTS, { fieldSelector: 'involvedObject.kind=Service' })
  const unseen = () => ({
    ...(endpointSlices.synced ? {} : { endpointSlices: NOT_LISTED }),
    ...(events.synced ? {} : { events: NOT_LISTED }),
  })
  signal.addEventListener('abort', () => timer?.cancel(), { once: true })
}
