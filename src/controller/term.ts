/**
 * What leading is: reconciler and writers, new for each term and gone after it. A term that begins is the
 * same as a process that starts: it lists, holds what Services have, and only then decides.
 */
import { once } from 'node:events'
import type { EventRecorder } from '../adapters/kube/events.ts'
import { subjectOf } from '../adapters/kube/subject.ts'
import { pause, within } from '../adapters/pause.ts'
import { Trouble } from '../adapters/trouble.ts'
import type { Clock } from '../ports/clock.ts'
import { retryMs } from '../ports/cluster.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { configurationReport } from './configuration-report.ts'
import { ensureMemberlistSecret } from './memberlist-secret.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { ControllerOptions } from './options.ts'
import type { Owner } from './owner.ts'
import { PoolStatusWriter } from './pool-status.ts'
import { Reconciler } from './reconcile.ts'
import { ServiceWriter } from './service-writer.ts'

const SECRET_RETRY_MS = 2000
/** Longest wait for writes under way when a term ends. */
const STOP_MS = 5000

export interface TermDeps {
  /** Writes nothing once the term is over (term-cluster.ts). */
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly recorder: EventRecorder
  readonly metrics: ControllerMetrics
  readonly options: ControllerOptions
  readonly owner: Pick<Owner, 'references'>
}

/** Resolves after `signal`, when no write is under way. */
export async function workTerm(deps: TermDeps, signal: AbortSignal): Promise<void> {
  const { cluster, clock, log, recorder, metrics, options } = deps
  const services = new ServiceWriter(cluster, clock, log, (ms) => metrics.allocated(ms))
  const statuses = new PoolStatusWriter(cluster, clock, log, options.namespace)
  const reportConfiguration = configurationReport(deps, signal)
  new Reconciler(
    cluster,
    log,
    options,
    {
      assign: (key, object, assignment) => services.want(key, object, assignment),
      forget: (key) => services.forget(key),
      notice(object, resource, { type, reason, message }) {
        recorder.record(subjectOf(object, resource), type, reason, message)
      },
      usage(allocator, objects, reports) {
        metrics.usage(allocator.usage(), allocator.holdings)
        statuses.want(reports, objects)
      },
      configuration(problems) {
        metrics.configuration(problems)
        reportConfiguration(problems)
      },
    },
    signal,
    clock,
  )
  metrics.begin(services)
  if (options.secretName !== '') void keepTryingSecret(deps, signal)
  if (!signal.aborted) await once(signal, 'abort')
  await within(clock, STOP_MS, Promise.all([services.close(), statuses.close()]))
  metrics.end()
}

async function keepTryingSecret(deps: TermDeps, signal: AbortSignal): Promise<void> {
  const { cluster, clock, log, options, owner } = deps
  const { namespace, secretName: secret } = options
  const trouble = new Trouble(
    clock,
    log,
    'memberlist-secret-not-created',
    'memberlist-secret-there-again',
  )
  while (!signal.aborted) {
    try {
      const isNew = await ensureMemberlistSecret(cluster, namespace, secret, owner)
      trouble.over()
      return log.info(isNew ? 'memberlist-secret-created' : 'memberlist-secret-found', { secret })
    } catch (error) {
      if (signal.aborted) return
      trouble.happened({ secret, error })
      await pause(clock, retryMs(error, SECRET_RETRY_MS), signal)
    }
  }
}
