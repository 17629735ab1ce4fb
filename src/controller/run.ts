/** A controller from start to stop. Writes under way are finished before it ends. */
import { once } from 'node:events'
import type { EventRecorder } from '../adapters/kube/events.ts'
import type { ConfigHealth } from '../adapters/config-health.ts'
import { subjectOf } from '../adapters/kube/subject.ts'
import type { Clock } from '../ports/clock.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { reportConfiguration } from './configuration-report.ts'
import { ensureMemberlistSecret } from './memberlist-secret.ts'
import type { ControllerOptions } from './options.ts'
import { PoolStatusWriter } from './pool-status.ts'
import { Reconciler } from './reconcile.ts'
import { ServiceWriter } from './service-writer.ts'

const SECRET_RETRY_MS = 2000
/** Longest wait for writes and events under way when stopping. */
const STOP_MS = 5000

export interface ControllerDeps {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly recorder: EventRecorder
  readonly options: ControllerOptions
}

export interface Controller {
  /** What keeps it from being ready, or nothing. */
  notReady(): readonly string[]
  /** Whether the pools as they are are in use. */
  readonly health: ConfigHealth
  /** Resolves when stopped in order. */
  readonly done: Promise<void>
}

export function runController(deps: ControllerDeps, stop: AbortSignal): Controller {
  const { cluster, clock, log, recorder, options } = deps
  const following = new AbortController()
  const services = new ServiceWriter(cluster, clock, log)
  const statuses = new PoolStatusWriter(cluster, clock, log, options.namespace)
  const report = reportConfiguration(deps, following.signal)
  const reconciler = new Reconciler(
    cluster,
    log,
    options,
    {
      assign: (key, object, assignment) => services.want(key, object, assignment),
      forget: (key) => services.forget(key),
      notice(object, resource, { type, reason, message }) {
        recorder.record(subjectOf(object, resource), type, reason, message)
      },
      usage: (_allocator, objects, reports) => statuses.want(reports, objects),
      configuration: report.configuration,
    },
    following.signal,
    clock,
  )
  if (options.secretName !== '') void keepTryingSecret(deps, following.signal)

  const stopping = async () => {
    if (!stop.aborted) await once(stop, 'abort')
    log.info('stopping')
    following.abort()
    statuses.close()
    const settled = Promise.all([services.close(), recorder.flush()])
    await Promise.race([settled, new Promise<void>((resolve) => clock.after(STOP_MS, resolve))])
  }
  return {
    health: report.health,
    notReady: () => [
      ...(reconciler.synced ? [] : ['API objects not listed yet']),
      ...(reconciler.passed || !reconciler.synced ? [] : ['no valid IPAddressPools yet']),
    ],
    done: stopping(),
  }
}

async function keepTryingSecret(deps: ControllerDeps, signal: AbortSignal): Promise<void> {
  const { cluster, clock, log, options } = deps
  const { namespace, secretName: secret, deployment } = options
  while (!signal.aborted) {
    try {
      const made = await ensureMemberlistSecret(cluster, namespace, secret, deployment)
      return log.info(made ? 'memberlist-secret-created' : 'memberlist-secret-found', { secret })
    } catch (error) {
      log.warn('memberlist-secret-not-created', { secret, error, retryMs: SECRET_RETRY_MS })
      await new Promise<void>((resolve) => clock.after(SECRET_RETRY_MS, resolve))
    }
  }
}
