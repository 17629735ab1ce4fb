/**
 * A whole speaker with its threads, on an API in memory that has two Services, `nginx` and `dual`: for tests in
 * a network namespace (whole-speaker.ts). Arguments are the speaker's. Standard output, a line each: `ready`,
 * each event that it records, and all statuses of Services when one changes.
 */
import { systemClock } from '../../src/adapters/clock.ts'
import { healthPages } from '../../src/adapters/health.ts'
import { EventRecorder } from '../../src/adapters/kube/events.ts'
import { servePages } from '../../src/adapters/pages.ts'
import { orExit } from '../../src/adapters/program-flags.ts'
import * as kinds from '../../src/ports/resources.ts'
import { readKeys } from '../../src/speaker/key-follower.ts'
import { speakerOptions } from '../../src/speaker/options.ts'
import { runSpeaker } from '../../src/speaker/run.ts'
import { startThreads } from '../../src/speaker/threads.ts'
import { MemoryLog } from '../contract/memory-log.ts'
import { FakeCluster } from '../fakes/cluster.ts'

const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`)

const options = orExit(speakerOptions(process.argv.slice(2), process.env))
const { namespace, node, pod, bindAddress, secretDirectory } = options
const cluster = new FakeCluster()
const SERVICES = { nginx: ['10.89.0.64'], dual: ['10.89.0.65', 'fd89::41'] }
for (const [resource, metadata, rest] of [
  [kinds.NODES, { name: node }, {}],
  [
    kinds.PODS,
    { namespace, name: pod },
    { spec: { nodeName: node }, status: { podIP: bindAddress } },
  ],
  [
    kinds.IP_ADDRESS_POOLS,
    { namespace, name: 'pool' },
    { spec: { addresses: ['10.89.0.64/28', 'fd89::40/124'] } },
  ],
  [kinds.L2_ADVERTISEMENTS, { namespace, name: 'ad' }, { spec: {} }],
] as const) {
  await cluster.create(resource, { metadata, ...rest })
}
for (const [name, ips] of Object.entries(SERVICES)) {
  await cluster.create(kinds.SERVICES, {
    metadata: { namespace: 'default', name, uid: `u-${name}` },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], clusterIPs: ['10.96.0.1'] },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  })
  const labels = { 'kubernetes.io/service-name': name }
  await cluster.create(kinds.ENDPOINT_SLICES, {
    metadata: { namespace: 'default', name: `${name}-1`, labels },
    endpoints: [{ nodeName: node, conditions: { ready: true } }],
  })
}
const watched = new AbortController().signal
cluster.follow(
  kinds.EVENTS,
  {},
  (change) => {
    if (change.kind !== 'upsert') return
    const { involvedObject, type, reason, message } = change.object
    say({ event: { involvedObject, type, reason, message } })
  },
  watched,
)
cluster.follow(
  kinds.SERVICE_L2_STATUSES,
  {},
  (_, { objects }) =>
    say({ statuses: [...objects.values()].flatMap(({ status }) => status ?? []) }),
  watched,
)

const log = new MemoryLog()
const threads = await startThreads({ ...options, keys: readKeys(secretDirectory) })
const recorder = new EventRecorder(cluster, systemClock, log, 'metallb-speaker', node)
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
const deps = { cluster, clock: systemClock, log, threads, options, recorder }
const speaker = runSpeaker({ ...deps, setGroups: () => undefined }, stop.signal)
const pages = { ...healthPages(() => speaker.notReady()), ...speaker.pages }
await servePages({ address: '127.0.0.1', port: options.healthPort, pages })
say({ ready: true })
await speaker.done
process.exit()
