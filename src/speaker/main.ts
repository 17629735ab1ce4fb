/** Entry point of the speaker: flags and wiring. */
import { systemClock } from '../adapters/clock.ts'
import { serveHealth } from '../adapters/health.ts'
import { SolicitedNodeGroups } from '../adapters/icmp6.ts'
import { connectCluster } from '../adapters/kube/cluster.ts'
import { EventRecorder } from '../adapters/kube/events.ts'
import { createLog, isLogLevel } from '../adapters/log.ts'
import { orExit } from '../adapters/program-flags.ts'
import { stopSignal } from '../adapters/stop-signal.ts'
import { followKeys, readKeys, tellKeys } from './key-follower.ts'
import { speakerOptions } from './options.ts'
import { runSpeaker } from './run.ts'
import { startThreads } from './threads.ts'

const options = orExit(speakerOptions(process.argv.slice(2), process.env))
const { node, bindAddress, bindPort, profile, switches, detection, excludeInterfaces } = options
const log = createLog(isLogLevel(options.logLevel) ? options.logLevel : 'info', 'speaker')
const stop = stopSignal()
const cluster = connectCluster(log)
const groups = new SolicitedNodeGroups(log)
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
  excludeInterfaces,
})
const keyFollower = followKeys(options.secretDirectory, keys, log, (keys) => {
  threads.toGossip({ kind: 'keys', keys })
})
const speaker = runSpeaker(
  {
    cluster,
    clock: systemClock,
    log,
    threads,
    options,
    recorder: new EventRecorder(cluster, systemClock, log, 'metallb-speaker', node),
    setGroups: (wanted) => groups.set(wanted),
  },
  stop,
)
const notReady = () => speaker.notReady()
const health = await serveHealth({ address: '127.0.0.1', port: options.healthPort, notReady })
const { profileName } = options
log.info('started', { node, profile: profileName, detection, encrypted: keys.length > 0 })

try {
  await speaker.done
} catch (error) {
  log.error('died', { error })
  process.exitCode = 1
}
keyFollower.close()
groups.close()
health.close()
process.exit()
