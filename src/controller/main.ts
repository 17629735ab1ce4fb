/** Entry point of the controller: flags and wiring. */
import { once } from 'node:events'
import { systemClock } from '../adapters/clock.ts'
import { healthPages } from '../adapters/health.ts'
import { connectCluster } from '../adapters/kube/cluster.ts'
import { EventRecorder } from '../adapters/kube/events.ts'
import { createLog, isLogLevel } from '../adapters/log.ts'
import { servePages } from '../adapters/pages.ts'
import { orExit } from '../adapters/program-flags.ts'
import { stopSignal } from '../adapters/stop-signal.ts'
import { controllerOptions } from './options.ts'
import { runController } from './run.ts'
import { startWebhooks } from './webhooks.ts'

const options = orExit(controllerOptions(process.argv.slice(2), process.env))
const log = createLog(isLogLevel(options.logLevel) ? options.logLevel : 'info', 'controller')
const cluster = connectCluster(log)
const recorder = new EventRecorder(cluster, systemClock, log, 'metallb-controller')
const stop = stopSignal()
const deps = { cluster, clock: systemClock, log, recorder, options }
const webhooks = options.webhookMode === 'disabled' ? undefined : startWebhooks(deps, stop)
const controller = options.webhookMode === 'onlywebhook' ? undefined : runController(deps, stop)
const pages = healthPages(() => [
  ...(controller?.notReady() ?? []),
  ...(webhooks?.notReady() ?? []),
])
const health = await servePages({ address: '', port: options.healthPort, pages })
log.info('started', { namespace: options.namespace, healthPort: options.healthPort })

await (controller?.done ?? once(stop, 'abort'))
health.close()
process.exit(0)
