/** Two controllers, each a process, on a real API server: who leads, and how soon the other takes over. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import type { Cluster } from '../../src/ports/cluster.ts'
import { LEASES, SERVICES } from '../../src/ports/resources.ts'
import { ingressOf } from '../fakes/controller.ts'
import { freePorts } from '../lab/free-ports.ts'
import { lateness } from '../lab/lateness.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { NAMESPACE, installed } from './installed.ts'
import { MemoryLog } from './memory-log.ts'

const MAIN = new URL('../../src/controller/main.ts', import.meta.url).pathname

const FLAGS = [
  // All on one address here, and theirs is one port.
  '--webhook-mode=disabled',
  '--port=0',
  '--ml-secret-name=memberlist',
  '--deployment=controller',
]

let api: ApiServer
let cluster: Cluster
/** With the rights that the manifest gives to a controller, and no more. */
let kubeconfig: string
before(async () => {
  api = await installed()
  cluster = api.connect(new MemoryLog())
  kubeconfig = await api.kubeconfigOf('controller', NAMESPACE)
  await api.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'pool', namespace: NAMESPACE },
    spec: { addresses: ['10.200.0.0/24'] },
  })
})
after(() => api.stop())

interface Line {
  readonly event: string
  readonly [field: string]: unknown
}

/** A controller as a process of its own. */
async function start(pod: string, ...more: string[]) {
  const [healthPort = 0] = await freePorts(1)
  const argv = [`--namespace=${NAMESPACE}`, `--pod-name=${pod}`, ...FLAGS, ...more]
  const child = spawn(process.execPath, [MAIN, `--health-probe-port=${healthPort}`, ...argv], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Line[] = []
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) lines.push(JSON.parse(part) as Line)
  })
  const ready = async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok
  await until(`${pod} to be ready`, ready)
  const exited = once(child, 'exit')
  return {
    pod,
    lines,
    leads: () => lines.some(({ event }) => event === 'leading'),
    heard: (event: string) =>
      until(`${pod}: ${event}`, () => lines.find((it) => it.event === event), { everyMs: 20 }),
    signal: (name: NodeJS.Signals) => child.kill(name),
    async end(name: NodeJS.Signals) {
      if (child.exitCode === null && child.signalCode === null) child.kill(name)
      await exited
    },
  }
}

const lease = async () => {
  const lease = await cluster.get(LEASES, { namespace: NAMESPACE, name: 'bellwether-controller' })
  return lease['spec'] as { holderIdentity: string; leaseDurationSeconds: number }
}
const holder = async () => (await lease()).holderIdentity

/** One that was late, on a slow machine, has asked for more for a minute. */
const prompt = () =>
  until('a Lease of 4 s', async () => (await lease()).leaseDurationSeconds === 4, {
    timeoutMs: 180_000,
  })

const create = (name: string) =>
  cluster.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  })

const served = (name: string) =>
  until(
    `${name} to be served`,
    async () => ingressOf(await cluster.get(SERVICES, { namespace: 'default', name }))[0],
    { everyMs: 20 },
  )

test('leadership: one of two leads, the other is ready too; killed, stopped, paused: the other goes on, and no address moves', async () => {
  const one = await start('one')
  await one.heard('leading')
  const two = await start('two')
  await two.heard('standing-by')
  assert.match(await holder(), /^one_/)
  await create('first')
  const first = await served('first')
  assert.equal(two.leads(), false)

  // Killed: the Lease has to run out.
  await prompt()
  const lateAfterKill = lateness()
  const killedAt = performance.now()
  await one.end('SIGKILL')
  await create('second')
  await served('second')
  const killMs = performance.now() - killedAt
  assert.ok(killMs <= 5000 + lateAfterKill(), `served ${Math.round(killMs)} ms after the kill`)

  // Stopped: it is given back.
  const three = await start('three')
  await three.heard('standing-by')
  const lateAfterStop = lateness()
  const stoppedAt = performance.now()
  two.signal('SIGTERM')
  await three.heard('leading')
  const stopMs = performance.now() - stoppedAt
  assert.ok(stopMs <= 1000 + lateAfterStop(), `leads ${Math.round(stopMs)} ms after the stop began`)
  await two.end('SIGTERM')
  await create('third')
  await served('third')

  // Paused for longer than its term: it hears that it leads no more, and writes nothing.
  const four = await start('four')
  await four.heard('standing-by')
  three.signal('SIGSTOP')
  await four.heard('leading')
  await create('fourth')
  await served('fourth')
  three.signal('SIGCONT')
  await three.heard('leader-lost')
  await create('fifth')
  const addresses = [first]
  for (const name of ['second', 'third', 'fourth', 'fifth']) addresses.push(await served(name))
  assert.deepEqual(
    addresses,
    [0, 1, 2, 3, 4].map((i) => `10.200.0.${i}`),
  )
  assert.match(await holder(), /^four_/)
  const late = three.lines.slice(three.lines.findIndex(({ event }) => event === 'leader-lost'))
  assert.deepEqual(
    late.filter(({ event }) => event === 'service-written'),
    [],
  )
  await three.end('SIGTERM')
  await four.end('SIGTERM')
  // All of it with the rights that the manifest gives.
  const refused = [one, two, three, four].flatMap(({ lines }) =>
    lines.filter((line) => JSON.stringify(line).includes('orbidden')),
  )
  assert.deepEqual(refused, [])
})

test('leadership: a single one may do without', async () => {
  const alone = await start('alone', '--leader-elect=false')
  await create('alone')
  await served('alone')
  assert.equal(alone.leads(), false)
  await alone.end('SIGTERM')
})
