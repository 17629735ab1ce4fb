/** Bellwether on a lab: installed as a user does it, and looked at as a client sees it. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { GossipThreadView, OwnerView } from '../../src/speaker/messages.ts'
import type { Lab } from './lab.ts'
import { longestOutage, parseProbes } from './outage.ts'
import type { Outage } from './outage.ts'
import { until } from './until.ts'

const MANIFEST = new URL('../../manifests/bellwether.yaml', import.meta.url)

export const NAMESPACE = 'metallb-system'

/**
 * `kubectl apply -f manifests/bellwether.yaml`, then waits for all of it to be ready. `returnDelayS`: for how
 * long a node that returns owns nothing, where it is not to be the half minute of users.
 */
export async function install(lab: Lab, returnDelayS?: number): Promise<void> {
  await lab.apply(manifest(returnDelayS))
  await ready(lab)
}

/** The plain manifest, with that `--return-delay`. */
export function manifest(returnDelayS?: number): string {
  const text = readFileSync(MANIFEST, 'utf8')
  if (returnDelayS === undefined) return text
  const [controller = '', speaker = ''] = text.split(/(?=kind: DaemonSet)/)
  return controller + speaker.replace('args: [', `args: [--return-delay=${returnDelayS}, `)
}

export async function ready(lab: Lab): Promise<void> {
  const rollout = ['-n', NAMESPACE, 'rollout', 'status', '--timeout=240s']
  await lab.kubectl(...rollout, 'deployment/controller')
  await lab.kubectl(...rollout, 'daemonset/speaker')
}

/** An IPAddressPool and the L2Advertisement that announces it, as in the tutorial. */
export function poolYaml(name: string, addresses: readonly string[], advertisement = name): string {
  return `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec: { addresses: ${JSON.stringify(addresses)} }
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: ${advertisement}, namespace: ${NAMESPACE} }
spec: { ipAddressPools: [${name}] }
`
}

/** The Service's first external address, once it has one. */
export async function externalIp(lab: Lab, service: string, timeoutMs = 60_000): Promise<string> {
  return until(
    `${service} to have an external address`,
    async () => (await externalIps(lab, service))[0],
    { timeoutMs },
  )
}

export async function externalIps(lab: Lab, service: string): Promise<string[]> {
  const path = 'jsonpath={.status.loadBalancer.ingress[*].ip}'
  const text = await lab.kubectl('get', 'service', ...named(service), '-o', path)
  return text.split(' ').filter((ip) => ip !== '')
}

/** The node that ServiceL2Status names for the Service, or undefined. */
export async function statusNode(lab: Lab, service: string): Promise<string | undefined> {
  const labels = statusLabels(service)
  const path = 'jsonpath={.items[*].status.node}'
  const nodes = await lab.kubectl(
    '-n',
    NAMESPACE,
    'get',
    'servicel2status',
    '-l',
    labels,
    '-o',
    path,
  )
  const [node, ...others] = nodes.split(' ').filter((word) => word !== '')
  return others.length === 0 ? node : undefined
}

/** Which hosts answer ARP for the address, as the client hears it: each reply of `count` requests. */
export async function answerers(lab: Lab, ip: string, count = 3): Promise<string[]> {
  const { stdout } = await lab.exec('client', [
    'arping',
    '-c',
    `${count}`,
    '-w',
    '1',
    '-I',
    'eth0',
    ip,
  ])
  const macs = new Set([...stdout.matchAll(/([0-9a-f]{2}(?::[0-9a-f]{2}){5})/g)].map((m) => m[1]))
  const hosts: string[] = []
  for (const node of lab.nodes) if (macs.has(await lab.hostMac(node))) hosts.push(node)
  return hosts
}

/** The same, once anybody is heard: who looks but once may do so while the machine stands still. */
export const heard = (lab: Lab, ip: string, count?: number): Promise<string[]> =>
  until(`somebody to answer ARP for ${ip}`, async () => {
    const hosts = await answerers(lab, ip, count)
    return hosts.length > 0 && hosts
  })

/** The one host that answers ARP for the address. */
export async function owner(lab: Lab, ip: string, timeoutMs = 60_000): Promise<string> {
  return until(
    `one owner to answer ARP for ${ip}`,
    async () => {
      const hosts = await answerers(lab, ip)
      return hosts.length === 1 && hosts[0]
    },
    { timeoutMs },
  )
}

export interface Probing {
  /** Awaits a connection that was started after this call and succeeded. */
  answered(timeoutMs?: number): Promise<void>
  /** Ends the probing and tells the longest silence. */
  stop(): Promise<Outage>
}

/** Probes a VIP from the client with a TCP connection every 20 ms; resolves once it is answered. */
export async function probe(lab: Lab, ip: string, port = 80): Promise<Probing> {
  const prober = new URL('tcp-prober.ts', import.meta.url).pathname
  const child = lab.spawn('client', [process.execPath, prober, ip, `${port}`])
  const probing: Probing = {
    async answered(timeoutMs = 60_000) {
      const from = Date.now()
      const fresh = () => parseProbes(child.stdout).some(({ ok, atMs }) => ok && atMs >= from)
      await until(`a connection to ${ip}`, fresh, { timeoutMs })
    },
    stop: async () => longestOutage(parseProbes(await child.stop())),
  }
  await probing.answered()
  return probing
}

/** Reasons and messages of the events about one object, oldest first. */
export async function events(lab: Lab, kind: string, object: string): Promise<string[]> {
  const [namespace, name] = split(object)
  const selector = `involvedObject.kind=${kind},involvedObject.name=${name}`
  const path = 'jsonpath={range .items[*]}{.type} {.reason}: {.message}{"\\n"}{end}'
  const order = '--sort-by=.metadata.creationTimestamp'
  const text = await lab.kubectl(
    '-n',
    namespace,
    'get',
    'events',
    '--field-selector',
    selector,
    order,
    '-o',
    path,
  )
  return text.split('\n').filter((line) => line !== '')
}

/** What the status of a Service's announcement tells of the take-over; undefined: nothing yet. */
export async function takeover(lab: Lab, service: string): Promise<ToldTakeover | undefined> {
  const kind = ['servicel2status', '-l', statusLabels(service), '-o', 'json']
  const { items } = JSON.parse(await lab.kubectl('-n', NAMESPACE, 'get', ...kind)) as {
    readonly items: readonly { readonly status?: ToldTakeover }[]
  }
  const [told, ...others] = items.flatMap(({ status }) => (status?.takeover ? status : []))
  return others.length === 0 ? told : undefined
}

export interface ToldTakeover {
  readonly node: string
  readonly since: string
  readonly takeover: { readonly cause: string; readonly from?: string; readonly outageMs?: number }
}

/** Names of the running pods of a component, by node. */
export async function pods(lab: Lab, component: string): Promise<Map<string, string>> {
  const path = 'jsonpath={range .items[*]}{.spec.nodeName}={.metadata.name} {end}'
  const text = await lab.kubectl(
    '-n',
    NAMESPACE,
    'get',
    'pods',
    '-l',
    `component=${component}`,
    '-o',
    path,
  )
  return new Map(
    text
      .trim()
      .split(' ')
      .map((pair) => pair.split('=') as [string, string]),
  )
}

/** The controller that leads, by its Lease. */
export function leader(lab: Lab): Promise<{ readonly node: string; readonly pod: string }> {
  return until('a controller to lead', async () => {
    const path = 'jsonpath={.spec.holderIdentity}'
    const lease = ['get', 'lease', 'bellwether-controller', '-o', path]
    const [pod = ''] = (await lab.kubectl('-n', NAMESPACE, ...lease)).split('_')
    const found = [...(await pods(lab, 'controller'))].find(([, name]) => name === pod)
    return found && { node: found[0], pod }
  })
}

/** What the statuses of a Service are chosen by. */
export function statusLabels(service: string): string {
  const [namespace, name] = split(service)
  return `metallb.io/service-name=${name},metallb.io/service-namespace=${namespace}`
}

const split = (object: string): [string, string] =>
  object.includes('/') ? (object.split('/') as [string, string]) : ['default', object]

const named = (object: string): string[] => {
  const [namespace, name] = split(object)
  return ['-n', namespace, name]
}

/**
 * Speakers that are new own nothing for a while (core/gossip/settling.ts), so addresses move once when
 * they may: not in the midst of a test or a measurement.
 */
export async function settled(lab: Lab): Promise<void> {
  await until(
    'all speakers to be settled',
    async () => {
      const views = await Promise.all(lab.nodes.map((node) => debugView(lab, node)))
      return views.every(({ gossip }) => {
        const members = gossip?.members.filter(({ state }) => state === 'alive') ?? []
        return members.length === lab.nodes.length && members.every((it) => it.settled)
      })
    },
    { timeoutMs: 120_000 },
  )
  // Those that have just settled count a moment later, and take what is theirs.
  await delay(1000)
}

/** What `/debug/view` of the speaker on that node shows. */
export async function debugView(lab: Lab, node: string): Promise<DebugView> {
  const { stdout } = await lab.exec(node, ['curl', '-s', 'http://127.0.0.1:17472/debug/view'])
  return JSON.parse(stdout) as DebugView
}

export interface DebugView {
  readonly owners: readonly OwnerView[]
  readonly gossip: GossipThreadView | null
}
