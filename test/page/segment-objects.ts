/** A cluster's objects as controller and speakers leave them, for the dashboard to show. */
import type { FakeCluster } from '../fakes/cluster.ts'
import {
  CONFIGURATION_STATES,
  ENDPOINT_SLICES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NODES,
  PODS,
  SERVICES,
  SERVICE_L2_STATUSES,
} from '../../src/ports/resources.ts'

export const NAMESPACE = 'metallb-system'

const condition = (status: 'True' | 'False') => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status }],
})

export class SegmentObjects {
  readonly cluster: FakeCluster
  #moves = 0

  constructor(cluster: FakeCluster) {
    this.cluster = cluster
  }

  async node(name: string, ready: 'True' | 'False' = 'True'): Promise<void> {
    await this.cluster.create(NODES, { metadata: { name }, status: condition(ready) })
    await this.#pod('speaker', name, ready)
  }

  /** The controller, and an advertisement of all pools. */
  async installed(node: string): Promise<void> {
    await this.#pod('controller', node, 'True')
    await this.cluster.create(L2_ADVERTISEMENTS, {
      metadata: { namespace: NAMESPACE, name: 'all' },
      spec: {},
    })
  }

  async #pod(component: string, node: string, ready: 'True' | 'False'): Promise<void> {
    await this.cluster.create(PODS, {
      metadata: {
        namespace: NAMESPACE,
        name: `${component}-${node}`,
        labels: { app: 'metallb', component },
      },
      spec: { nodeName: node },
      status: condition(ready),
    })
  }

  async pool(name: string, addresses: string[], used: number, free: number): Promise<void> {
    const total = used + free
    const usage = { used: `${used}`, free: `${free}`, total: `${total}` }
    await this.cluster.create(IP_ADDRESS_POOLS, {
      metadata: { namespace: NAMESPACE, name },
      spec: { addresses },
      status: {
        assignedIPv4: used,
        availableIPv4: free,
        assignedIPv6: 0,
        availableIPv6: 0,
        usage,
      },
    })
  }

  async service(name: string, ip: string | undefined, pool: string, node?: string): Promise<void> {
    const annotations = { 'metallb.io/ip-allocated-from-pool': pool }
    await this.cluster.create(SERVICES, {
      metadata: { namespace: 'default', name, ...(ip === undefined ? {} : { annotations }) },
      spec: { type: 'LoadBalancer', clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
      status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
    })
    await this.cluster.create(ENDPOINT_SLICES, {
      metadata: {
        namespace: 'default',
        name: `${name}-1`,
        labels: { 'kubernetes.io/service-name': name },
      },
      endpoints: [{ nodeName: node ?? '' }],
    })
    if (node !== undefined) {
      await this.#status(name, node, '2026-03-01T08:00:00Z', { cause: 'first' })
    }
  }

  /** As the speakers do it: the new owner writes its status, and removes the old one's. */
  async move(name: string, from: string, to: string, cause: string, outageMs: number) {
    const at = new Date(Date.UTC(2026, 2, 1, 9, 0, this.#moves++)).toISOString()
    await this.#status(name, to, at, { cause, from, outageMs })
    const ref = { namespace: NAMESPACE, name: `l2-${name}-${from}` }
    await this.cluster.delete(SERVICE_L2_STATUSES, ref)
  }

  async invalid(errorSummary: string): Promise<void> {
    await this.cluster.create(CONFIGURATION_STATES, {
      metadata: { namespace: NAMESPACE, name: 'controller' },
      status: { result: 'Invalid', errorSummary },
    })
  }

  /** Mended. */
  async valid(): Promise<void> {
    const ref = { namespace: NAMESPACE, name: 'controller' }
    await this.cluster.delete(CONFIGURATION_STATES, ref)
  }

  async #status(name: string, node: string, since: string, takeover: object): Promise<void> {
    await this.cluster.create(SERVICE_L2_STATUSES, {
      metadata: { namespace: NAMESPACE, name: `l2-${name}-${node}` },
      status: {
        node,
        serviceName: name,
        serviceNamespace: 'default',
        interfaces: [{ name: 'eth0' }],
        since,
        why: 'first in the order of election of those that are alive',
        takeover,
      },
    })
  }
}

/** Three nodes, two pools and a few Services, of which all is well. */
export async function smallSegment(objects: SegmentObjects): Promise<void> {
  for (const name of ['node-1', 'node-2', 'node-3']) await objects.node(name)
  await objects.installed('node-1')
  await objects.pool('ip-pool', ['172.18.0.10-172.18.0.30'], 9, 12)
  await objects.pool('edge', ['192.0.2.0/29'], 7, 1)
  for (let i = 0; i < 9; i++) {
    await objects.service(`web-${i}`, `172.18.0.${10 + i}`, 'ip-pool', `node-${1 + (i % 3)}`)
  }
  for (let i = 0; i < 7; i++) {
    await objects.service(`edge-${i}`, `192.0.2.${i}`, 'edge', `node-${1 + ((i * 2) % 3)}`)
  }
}

export async function largeSegment(objects: SegmentObjects, services: number): Promise<void> {
  const nodes = Array.from({ length: 12 }, (_, i) => `worker-${i + 1}`)
  for (const name of nodes) await objects.node(name)
  await objects.installed('worker-1')
  await objects.pool('campus', ['10.20.0.0/19'], services, 8192 - services)
  for (let i = 0; i < services; i++) {
    const ip = `10.20.${i >> 8}.${i & 255}`
    await objects.service(`app-${i}`, ip, 'campus', nodes[(i * 7) % 12])
  }
}
