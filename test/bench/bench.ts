/**
 * `make bench`: Bellwether's figures, each beside what it is to be compared with, from one run on one
 * lab. Takes a lab of its own and ends it.
 */
import { readFileSync } from 'node:fs'
import { Lab } from '../lab/lab.ts'
import {
  NAMESPACE,
  externalIp,
  install,
  owner,
  pods,
  poolYaml,
  probe,
  settled,
} from '../lab/bellwether.ts'
import { step } from '../lab/progress.ts'
import { until } from '../lab/until.ts'
import { serviceObject } from '../e2e/harness.ts'
import { allocatorFigures } from './allocator.ts'
import { manyServices } from './many-services.ts'

/** How many Services there are at each step. */
const STEPS = [1000, 5000]
const ARP_REQUESTS = 3000
const CUTS = 3

const lab = new Lab({ prefix: 'bwbench' })
const rows: [what: string, bellwether: string, beside: string][] = []

async function arp(ip: string): Promise<{ p50Us: number; p99Us: number; lost: number }> {
  const prober = new URL('arp-prober.ts', import.meta.url).pathname
  const { stdout } = await lab.exec('client', [
    process.execPath,
    prober,
    'eth0',
    ip,
    `${ARP_REQUESTS}`,
  ])
  return JSON.parse(stdout) as { p50Us: number; p99Us: number; lost: number }
}

async function arpFigures(ip: string): Promise<void> {
  const node = await owner(lab, ip)
  const address = `172.18.0.${2 + Number(node.slice(1))}`
  const [vip, kernel] = [await arp(ip), await arp(address)]
  const ratio = (a: number, b: number) => `${(a / b).toFixed(1)} × the kernel's`
  rows.push([
    `ARP round trip, ${ARP_REQUESTS} requests, p50`,
    `${vip.p50Us} µs (${ratio(vip.p50Us, kernel.p50Us)})`,
    `kernel ${kernel.p50Us} µs`,
  ])
  rows.push([
    '… p99',
    `${vip.p99Us} µs (${ratio(vip.p99Us, kernel.p99Us)})`,
    `kernel ${kernel.p99Us} µs`,
  ])
  rows.push(['… lost', `${vip.lost}`, `kernel ${kernel.lost}`])
}

/** Resident memory of a component's pods in MiB, as the kernel counts it. */
async function memory(title: string, component: string): Promise<void> {
  const sizes: string[] = []
  for (const [node, pod] of await pods(lab, component)) {
    const pid = await lab.podProcess(node, NAMESPACE, pod, component)
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    sizes.push((Number(kib) / 1024).toFixed(0))
  }
  const beside = { '2 Services': ['60', '65'], '1000 Services': ['82', '86'] }[title] ?? []
  const metallb = component === 'controller' ? beside[0] : beside[1]
  rows.push([
    `RSS at ${title}: ${component}`,
    `${sizes.join(' / ')} MiB`,
    metallb === undefined ? '' : `MetalLB ${metallb} MiB`,
  ])
}

async function cuts(ip: string): Promise<void> {
  const silences: number[] = []
  for (let i = 0; i < CUTS; i++) {
    const before = await owner(lab, ip)
    const probing = await probe(lab, ip)
    await lab.cut(before)
    await until('another owner', async () => (await owner(lab, ip)) !== before)
    await probing.answered()
    silences.push((await probing.stop()).silentMs / 1000)
    await lab.heal(before)
    await until('the first owner to be back', async () => (await owner(lab, ip)) === before)
  }
  const list = silences.map((seconds) => seconds.toFixed(1)).join(', ')
  rows.push([`owner's link cut: TCP silent, ${CUTS} runs`, `${list} s`, 'MetalLB 5.2, 5.9, 7.0 s'])
}

async function many(from: number, to: number): Promise<void> {
  const cpuBefore = await controllersCpuS()
  const result = await manyServices(lab, 'bench', from, to - from)
  const cpuS = (await controllersCpuS()) - cpuBefore
  const first = from === 0
  rows.push([
    `Services ${from} to ${to} created, 16 writers`,
    `${result.createdS.toFixed(1)} s`,
    first ? 'MetalLB, 8 writers: 44 s' : '',
  ])
  rows.push([
    '… last one assigned after the last create',
    `${result.assignedS.toFixed(2)} s`,
    first ? 'MetalLB: assigned 29.7 s after' : '',
  ])
  rows.push(['… last one has endpoints, by Kubernetes', `${result.endpointsS.toFixed(2)} s`, ''])
  rows.push(['… all answer ARP after the last create', `${result.answeredS.toFixed(2)} s`, ''])
  const { status, events } = result.writes
  rows.push([
    '… writes for each Service',
    `${status.toFixed(2)} of status, ${events.toFixed(2)} of events (the speakers' too)`,
    '',
  ])
  rows.push([
    '… CPU of the controllers',
    `${cpuS.toFixed(1)} s (${((cpuS * 1000) / (to - from)).toFixed(1)} ms a Service)`,
    '',
  ])
}

/** User and system time of all controllers so far, in seconds. */
async function controllersCpuS(): Promise<number> {
  let ticks = 0
  for (const [node, pod] of await pods(lab, 'controller')) {
    const pid = await lab.podProcess(node, NAMESPACE, pod, 'controller')
    // The 14th and 15th field (proc(5)), the name in brackets may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / 100
}

function allocation(): void {
  for (const { size, fillUs, againUs, mapUs, mapAgainUs } of allocatorFigures()) {
    rows.push([
      `allocating one of ${size} addresses`,
      `${fillUs.toFixed(1)} µs (again: ${againUs.toFixed(1)} µs)`,
      `in a plain Map ${mapUs.toFixed(2)} µs (again: ${mapAgainUs.toFixed(2)} µs)`,
    ])
  }
}

allocation()
await lab.up()
try {
  await step('installing Bellwether', () => install(lab))
  await lab.apply(poolYaml('bench', ['172.18.32.0/19']))
  await lab.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } })
  const container = { name: 'nginx', image: 'nginx:1.7.9' }
  const labels = { app: 'backend' }
  await lab.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'bench', name: 'backend' },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  })
  await lab.kubectl('-n', 'bench', 'rollout', 'status', 'deployment/backend')
  for (const name of ['first', 'second']) await lab.apply(serviceObject('bench', name, {}))
  const ip = await externalIp(lab, 'bench/first')
  await externalIp(lab, 'bench/second')
  await settled(lab)
  await owner(lab, ip)
  await step('ARP round trips', () => arpFigures(ip))
  await step(`cutting the owner's cable, ${CUTS} times`, () => cuts(ip))
  // By now more than a minute has passed, after which a controller has given up what it needed to start.
  await memory('2 Services', 'controller')
  await memory('2 Services', 'speaker')
  let made = 0
  for (const count of STEPS) {
    await step(`${count} Services`, () => many(made, count))
    made = count
    await memory(`${count} Services`, 'controller')
    await memory(`${count} Services`, 'speaker')
  }
} finally {
  await lab.down()
}
console.log("\nMetalLB's figures are those measured in such a lab; the kernel's are of this run.")
const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length))
for (const [what, bellwether, beside] of rows) {
  console.log(`  ${what.padEnd(width(0))}  ${bellwether.padEnd(width(1))}  ${beside}`)
}
