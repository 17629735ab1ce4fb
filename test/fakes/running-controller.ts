/** A controller as its main wires it, in this process. */
import { EventRecorder } from '../../src/adapters/kube/events.ts'
import { WarmCache } from '../../src/adapters/warm-cache.ts'
import { ControllerMetrics } from '../../src/controller/metrics.ts'
import type { ControllerOptions } from '../../src/controller/options.ts'
import { Owner } from '../../src/controller/owner.ts'
import { runController } from '../../src/controller/run.ts'
import type { ControllerDeps } from '../../src/controller/run.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import type { MemoryLog } from '../contract/memory-log.ts'

/** Those of the manifest, on no port. */
const OPTIONS: ControllerOptions = {
  namespace: 'metallb-system',
  secretName: 'memberlist',
  deployment: 'controller',
  logLevel: 'info',
  healthPort: 0,
  pod: '',
  leaderElect: true,
  metrics: { port: 0, secure: false, certificateDirectory: '', tls: { minVersion: 'TLSv1.3' } },
  loadBalancerClass: undefined,
}

interface Over extends Partial<Pick<ControllerDeps, 'leases' | 'identity'>> {
  readonly options?: Partial<ControllerOptions>
}

export function startController(
  on: { readonly cluster: Cluster; readonly clock: Clock; readonly log: MemoryLog },
  { leases = () => on.cluster, identity = 'test', options: others }: Over = {},
) {
  const { cluster, clock, log } = on
  const ending = new AbortController()
  const options = { ...OPTIONS, ...others }
  const cache = new WarmCache(cluster, ending.signal)
  const owner = new Owner(cluster, log, options.namespace, options.deployment)
  const recorder = new EventRecorder(cluster, clock, log, 'metallb-controller')
  const metrics = new ControllerMetrics()
  const deps = { ...on, cache, leases, recorder, metrics, options, identity, owner }
  const controller = runController(deps, ending.signal)
  return {
    log,
    metrics,
    cache,
    owner,
    controller,
    signal: ending.signal,
    stop: async () => {
      ending.abort()
      await controller.done
    },
  }
}
