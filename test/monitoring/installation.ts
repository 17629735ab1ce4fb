/**
 * A controller and two speakers as processes, on a real API server, in a network of their own with a
 * neighbour on its segment. They find each other and are found by the pods that are written here, as the
 * kubelet would.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiServer } from '../contract/api-server.ts'
import { binaries } from '../lab/binaries.ts'
import { Daemons } from '../lab/daemons.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { enterPrivateNetwork } from './private-network.ts'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const NAMESPACE = 'metallb-system'
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const SPEAKERS = [
  { node: 'w1', ip: '10.89.0.1', port: 9120, health: 17472 },
  { node: 'w2', ip: '10.89.0.2', port: 9121, health: 17473 },
] as const
const CONTROLLER = { node: 'w1', ip: '10.89.0.3', port: 9122, health: 17474 } as const
/** Of the neighbour. */
const STRANGER = '10.89.0.9'

export class Installation {
  readonly api: ApiServer
  readonly daemons: Daemons
  readonly folder: string
  readonly #neighbour: string

  private constructor(api: ApiServer, folder: string, neighbour: string) {
    this.api = api
    this.folder = folder
    this.daemons = new Daemons(folder)
    this.#neighbour = neighbour
  }

  static async start(): Promise<Installation> {
    // What comes from the network, before there is none.
    await ensureLabPackages()
    await binaries()
    const neighbour = `bwneighbour-${process.pid}`
    await must(['ip', 'netns', 'add', neighbour])
    enterPrivateNetwork()
    await must(['ip', 'link', 'set', 'lo', 'up'])
    const cable = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', neighbour]
    await must(['ip', 'link', 'add', 'eth0', ...cable])
    for (const { ip } of [...SPEAKERS, CONTROLLER])
      await must(['ip', 'addr', 'add', `${ip}/24`, 'dev', 'eth0'])
    await must(['ip', 'link', 'set', 'eth0', 'up'])
    await must(['ip', '-n', neighbour, 'addr', 'add', `${STRANGER}/24`, 'dev', 'eth0'])
    await must(['ip', '-n', neighbour, 'link', 'set', 'eth0', 'up'])
    // The API server wants to know by which address it could be reached.
    await must(['ip', 'route', 'add', 'default', 'via', STRANGER])
    const api = await ApiServer.start()
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-monitoring-'))
    const it = new Installation(api, folder, neighbour)
    await it.#install()
    return it
  }

  async #install(): Promise<void> {
    await this.api.apply(read('manifests/bellwether.yaml'))
    await until('the kinds to be served', () => this.api.kubectl('get', 'ipaddresspools', '-A'))
    await this.#program('controller', CONTROLLER, ['--webhook-mode=disabled'])
    for (const it of SPEAKERS) {
      await this.api.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: it.node } })
      const gossip = [`--ml-bindaddr=${it.ip}`, '--ml-labels=app=metallb,component=speaker']
      await this.#program('speaker', it, [`--node-name=${it.node}`, ...gossip])
    }
  }

  /** Its pod, and the process that runs in it. */
  async #program(
    component: 'controller' | 'speaker',
    { node, ip, port, health }: (typeof SPEAKERS)[number] | typeof CONTROLLER,
    flags: readonly string[],
  ): Promise<void> {
    const name = `${component}-${node}`
    const ports = [{ name: 'metricshttps', containerPort: port }]
    await this.api.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, labels: { app: 'metallb', component } },
      spec: {
        nodeName: node,
        serviceAccountName: component,
        hostNetwork: true,
        containers: [{ name: component, image: 'none', ports }],
      },
    })
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: ip }
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
    await this.api.kubectl('patch', 'pod', name, '-n', NAMESPACE, ...patch)
    const argv = [process.execPath, join(ROOT, `src/${component}/main.ts`)]
    const common = [`--namespace=${NAMESPACE}`, `--pod-name=${name}`, `--port=${port}`]
    this.daemons.start(name, [...argv, ...common, `--health-probe-port=${health}`, ...flags], {
      KUBECONFIG: await this.api.kubeconfigOf(component, NAMESPACE),
    })
    await until(`${name} to be ready`, async () => {
      if (this.daemons.pid(name) === undefined) throw new Error(this.daemons.tail(name))
      return (await fetch(`http://127.0.0.1:${health}/readyz`)).ok
    })
  }

  pool(name: string, addresses: readonly string[]): Promise<string> {
    const metadata = { name, namespace: NAMESPACE }
    return this.api.apply({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata,
      spec: { addresses },
    })
  }

  advertise(): Promise<string> {
    const metadata = { name: 'all', namespace: NAMESPACE }
    return this.api.apply({ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata })
  }

  /** A Service with an endpoint. */
  async service(name: string): Promise<void> {
    await this.api.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    })
    await this.api.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-1`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: [{ addresses: ['10.1.0.1'], nodeName: 'w1', conditions: { ready: true } }],
    })
  }

  /** An ARP request of the neighbour, who may say that an address is its own. */
  async arping(target: string, source: string = STRANGER): Promise<void> {
    const argv = ['arping', '-c', '1', '-w', '1', '-i', 'eth0', '-S', source, target]
    await run(['ip', 'netns', 'exec', this.#neighbour, ...argv])
  }

  async stop(): Promise<void> {
    for (const name of this.daemons.names()) await this.daemons.stop(name)
    await this.api.stop()
    await run(['ip', 'netns', 'del', this.#neighbour])
    rmSync(this.folder, { recursive: true })
  }
}
