/** What people are told of the configuration while a controller leads: its state, and of BGP's objects. */
import { ConfigurationStateWriter, controllerState } from '../adapters/kube/configuration-state.ts'
import type { EventRecorder } from '../adapters/kube/events.ts'
import { subjectOf } from '../adapters/kube/subject.ts'
import type { Problem } from '../core/config/model.ts'
import type { Clock } from '../ports/clock.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { tellOfBgp } from './bgp-notice.ts'

export interface ReportDeps {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly recorder: EventRecorder
  readonly options: { readonly namespace: string; readonly pod: string }
}

/** An output of the reconciler, until the signal aborts. */
export function configurationReport(
  { cluster, clock, log, recorder, options: { namespace, pod } }: ReportDeps,
  signal: AbortSignal,
): (problems: readonly Problem[] | undefined) => void {
  const wanted = controllerState(namespace, pod)
  const state = new ConfigurationStateWriter(cluster, clock, log, wanted, signal)
  tellOfBgp(
    cluster,
    namespace,
    (object, resource, reason, message) =>
      recorder.record(subjectOf(object, resource), 'Warning', reason, message),
    signal,
  )
  return (problems) => state.set(problems)
}
