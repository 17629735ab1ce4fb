/** Entry point of the speaker: flags and wiring. */
import { systemClock } from '../adapters/clock.ts'
import { healthPages } from '../adapters/health.ts'
import { SolicitedNodeGroups } from '../adapters/icmp6.ts'
import { connectCluster } from '../adapters/kube/cluster.ts'
import { EventRecorder } from '../adapters/kube/events.ts'
import { createLog, isLogLevel } from '../adapters/log.ts'
import { serveMetrics } from '../adapters/metrics-server.ts'
import { servePages } from '../adapters/pages.ts'
import { orExit } from '../adapters/program-flags.ts'
import { stopSignal } from '../adapters/stop-signal.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { followExcludeFile } from './exclude-file.ts'
import { followKeys, readKeys, tellKeys } from './key-follower.ts'
import { speakerOptions } from './options.ts'
import { runSpeaker } from './run.ts'
import { tellSecretMissing } from './secret-missing.ts'
import { startThreads } from './threads.ts'

const newRecorder = (cluster: Cluster, log: Log, node: string) =>
  new EventRecorder(cluster, systemClock, log, 'metallb-speaker', node)

const parsed = speakerOptions(process.argv.slice(2), process.env)
if (!parsed.ok && parsed.secretMissing) {
  const log = createLog('info', 'speaker')
  log.error('GossipSecretMissing', { message: parsed.secretMissing.message })
  const cluster = connectCluster(log)
  const recorder = newRecorder(cluster, log, parsed.secretMissing.node)
  await tellSecretMissing(parsed.secretMissing, cluster, recorder, systemClock)
}
const options = orExit(parsed)
const { node, profile, switches, detection } = options
const log = createLog(isLogLevel(options.logLevel) ? options.logLevel : 'info', 'speaker')
const stop = stopSignal()
const cluster = connectCluster(log)
const groups = new SolicitedNodeGroups(log)
const { bindAddress, bindPort, returnDelayMs, excludeInterfaces, announce } = options
const keys = readKeys(options.secretDirectory)
tellKeys(log, keys)
const threads = await startThreads({
  node,
  bindAddress,
  bindPort,
  keys,
  profile,
  switches,
  detection,
  returnDelayMs,
  excludeInterfaces,
  announce,
})
const keyFollower = followKeys(options.secretDirectory, keys, log, (keys) => {
  threads.toGossip({ kind: 'keys', keys })
})
const excludeFollower = followExcludeFile(options.excludeFile, excludeInterfaces, log, (patterns) =>
  threads.toPacket({ kind: 'exclude', patterns }),
)
const speaker = runSpeaker(
  {
    cluster,
    clock: systemClock,
    log,
    threads,
    options,
    recorder: newRecorder(cluster, log, node),
    setGroups: (wanted) => groups.set(wanted),
  },
  stop,
)
const pages = { ...healthPages(() => speaker.notReady()), ...speaker.pages }
const health = await servePages({ address: '127.0.0.1', port: options.healthPort, pages })
const { '/metrics': metricsPage } = speaker.pages
// It makes a certificate first, which nothing has to wait for; it ends with the process.
void serveMetrics(
  { cluster, clock: systemClock, log, options: options.metrics },
  { ...(metricsPage && { '/metrics': metricsPage }) },
)
const { profileName } = options
log.info('started', { node, profile: profileName, detection, encrypted: keys.length > 0 })

try {
  await speaker.done
} catch (error) {
  log.error('died', { error })
  process.exitCode = 1
}
keyFollower.close()
excludeFollower.close()
groups.close()
health.close()
process.exit()
