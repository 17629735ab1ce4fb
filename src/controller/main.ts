/** Entry point of the controller: flags and wiring. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../adapters/clock.ts'
import { healthPages } from '../adapters/health.ts'
import { connectCluster } from '../adapters/kube/cluster.ts'
import { EventRecorder } from '../adapters/kube/events.ts'
import { createLog, isLogLevel } from '../adapters/log.ts'
import { unmapFilePages } from '../adapters/memory.ts'
import { serveMetrics } from '../adapters/metrics-server.ts'
import { servePages } from '../adapters/pages.ts'
import { orExit } from '../adapters/program-flags.ts'
import { stopSignal } from '../adapters/stop-signal.ts'
import { WarmCache } from '../adapters/warm-cache.ts'
import { PROMPT } from '../core/lease/election.ts'
import { serveDashboard } from './dashboard/dashboard.ts'
import { ControllerMetrics } from './metrics.ts'
import { controllerOptions } from './options.ts'
import { Owner } from './owner.ts'
import { runController } from './run.ts'
import { startWebhooks } from './webhooks.ts'

/** By then it has done all that it does only once. */
const STARTED_MS = 60_000

const options = orExit(controllerOptions(process.argv.slice(2), process.env))
const log = createLog(isLogLevel(options.logLevel) ? options.logLevel : 'info', 'controller')
const stop = stopSignal()
const cluster = connectCluster(log)
const recorder = new EventRecorder(cluster, systemClock, log, 'metallb-controller')
const metrics = new ControllerMetrics()
const cache = new WarmCache(cluster, stop)
const leases = (answerMs: number) => cluster.impatient(answerMs)
const { webhookMode, deployment } = options
const owner = new Owner(leases(PROMPT.call), log, options.namespace, deployment)
void owner.learn(systemClock, stop)
const webhooks =
  webhookMode === 'disabled'
    ? undefined
    : startWebhooks({ cluster, cache, clock: systemClock, log, owner, options }, stop)
const controller =
  webhookMode === 'onlywebhook'
    ? undefined
    : runController(
        {
          cluster,
          cache,
          leases,
          clock: systemClock,
          log,
          recorder,
          metrics,
          options,
          owner,
          identity: `${options.pod || hostname()}_${randomUUID()}`,
        },
        stop,
      )
const pages = healthPages(() => [
  ...(controller?.notReady() ?? []),
  ...(webhooks?.notReady() ?? []),
])
const health = await servePages({ address: '', port: options.healthPort, pages })
// It makes a certificate first, which nothing has to wait for; it ends with the process.
void serveMetrics(
  { cluster, clock: systemClock, log, options: options.metrics },
  { '/metrics': () => metrics.page() },
)
const { namespace, healthPort, leaderElect, loadBalancerClass, dashboardPort: port } = options
if (port > 0) {
  // Beside the bundle: tools/bundle.ts puts it there.
  const folder = fileURLToPath(new URL('page/', import.meta.url))
  const dashboard = { namespace, loadBalancerClass, port, folder }
  void serveDashboard({ cluster, clock: systemClock, log }, dashboard, stop)
}
log.info('started', { namespace, healthPort, metricsPort: options.metrics.port, leaderElect })
// Not the speaker: what it needs at a fail-over is not to be fetched from a slow disk then.
systemClock.after(STARTED_MS, unmapFilePages)

await (controller?.done ?? once(stop, 'abort'))
health.close()
process.exit(0)
