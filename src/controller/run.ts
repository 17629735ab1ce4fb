/**
 * A controller from start to stop. Of several one leads and works in terms; the others keep what they
 * need warm. Writes under way are finished before the Lease is given back.
 */
import type { EventRecorder } from '../adapters/kube/events.ts'
import { within } from '../adapters/pause.ts'
import type { WarmCache } from '../adapters/warm-cache.ts'
import type { Clock } from '../ports/clock.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { PROMPT } from '../core/lease/election.ts'
import { IP_ADDRESS_POOLS, NAMESPACES, SERVICES } from '../ports/resources.ts'
import { Leadership } from './leadership.ts'
import type { Lead, LeadershipDeps } from './leadership.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { ControllerOptions } from './options.ts'
import type { Owner } from './owner.ts'
import { predecessorRuns } from './predecessor.ts'
import { TermCluster } from './term-cluster.ts'
import { workTerm } from './term.ts'

/** Longest wait for events that are not written yet when stopping. */
const FLUSH_MS = 2000

export interface ControllerDeps {
  readonly cluster: Cluster
  /** What is followed by way of it stays known from term to term. */
  readonly cache: WarmCache
  /** The same, with calls that are given up after so many ms. */
  readonly leases: LeadershipDeps['leases']
  readonly clock: Clock
  readonly log: Log
  readonly recorder: EventRecorder
  readonly metrics: ControllerMetrics
  readonly options: ControllerOptions
  /** Names this process among those that may lead. */
  readonly identity: string
  readonly owner: Pick<Owner, 'references'>
}

export interface Controller {
  /** What keeps it from being ready, or nothing. One that stands by is ready too. */
  notReady(): readonly string[]
  /** Resolves when stopped in order. */
  readonly done: Promise<void>
}

export function runController(deps: ControllerDeps, stop: AbortSignal): Controller {
  const { cluster, cache, clock, log, recorder, metrics, options } = deps
  /** Without these nothing can be decided; whatever else is followed may be missing. */
  const needed = [
    [IP_ADDRESS_POOLS, { namespace: options.namespace }],
    [NAMESPACES, {}],
    [SERVICES, {}],
  ] as const
  const warmUp = () => needed.forEach(([resource, scope]) => cache.keep(resource, scope))
  const lead: Lead = (term) => {
    const termCluster = new TermCluster(cluster, cache.follow, term, metrics)
    return workTerm({ ...deps, cluster: termCluster }, term.signal)
  }
  const leadership = options.leaderElect
    ? new Leadership({
        ...deps,
        namespace: options.namespace,
        onStandby: warmUp,
        predecessorRuns: () =>
          predecessorRuns(deps.leases(PROMPT.call), options.namespace, options.deployment),
      })
    : undefined
  metrics.watch({
    leading: () => leadership?.leading ?? !stop.aborted,
    eventsWaiting: () => recorder.waiting,
    eventsDropped: () => recorder.dropped,
  })

  stop.addEventListener('abort', () => log.info('stopping'), { once: true })
  const done = (async () => {
    await (leadership ? leadership.run(lead, stop) : lead({ signal: stop, holds: () => true }))
    await within(clock, FLUSH_MS, recorder.flush())
  })()
  return {
    notReady: () => [
      ...needed
        .filter(([resource, scope]) => !cache.knows(resource, scope))
        .map(([{ plural }]) => `${plural} not listed yet`),
      ...(leadership?.problem === undefined ? [] : [leadership.problem]),
    ],
    done,
  }
}
