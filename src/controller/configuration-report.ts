/** Everything that is said of the configuration while a controller works: metrics, state, events. */
import { ConfigHealth } from '../adapters/config-health.ts'
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

export interface ConfigurationReport {
  /** For metrics. */
  readonly health: ConfigHealth
  /** An output of the reconciler. */
  readonly configuration: (problems: readonly Problem[] | undefined) => void
}

/** Until the signal aborts. */
export function reportConfiguration(deps: ReportDeps, signal: AbortSignal): ConfigurationReport {
  const { cluster, clock, log, recorder, options } = deps
  const { namespace, pod } = options
  const health = new ConfigHealth()
  const wanted = controllerState(namespace, pod)
  const state = new ConfigurationStateWriter(cluster, clock, log, wanted, signal)
  tellOfBgp(
    cluster,
    namespace,
    (object, resource, reason, message) =>
      recorder.record(subjectOf(object, resource), 'Warning', reason, message),
    signal,
  )
  return {
    health,
    configuration(problems) {
      health.configuration(problems)
      state.set(problems)
    },
  }
}
