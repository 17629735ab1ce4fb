/**
 * The controller's decisions and writers, without what a whole controller has around them; and such a one on
 * a cluster and a clock in memory, which can be killed and started again.
 */
import { ALLOCATED_FROM_POOL } from '../../src/core/config/annotations.ts'
import { PoolStatusWriter } from '../../src/controller/pool-status.ts'
import { Reconciler } from '../../src/controller/reconcile.ts'
import { ServiceWriter } from '../../src/controller/service-writer.ts'
import type { Notice } from '../../src/core/pool/converge.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Cluster, KubeMeta, KubeObject } from '../../src/ports/cluster.ts'
import type { Log } from '../../src/ports/log.ts'
import { IP_ADDRESS_POOLS, NAMESPACES, SERVICES } from '../../src/ports/resources.ts'
import { MemoryLog } from '../contract/memory-log.ts'
import { FakeClock, settle } from './clock.ts'
import { FakeCluster } from './cluster.ts'

const NAMESPACE = 'metallb-system'

/** `notice` is called with the name of the object. */
export function reconcile(
  on: { readonly cluster: Cluster; readonly clock: Clock; readonly log: Log },
  notice: (name: string, notice: Notice) => void,
  loadBalancerClass?: string,
) {
  const { cluster, clock, log } = on
  const following = new AbortController()
  const services = new ServiceWriter(cluster, clock, log)
  const statuses = new PoolStatusWriter(cluster, clock, log, NAMESPACE)
  new Reconciler(
    cluster,
    log,
    { namespace: NAMESPACE, loadBalancerClass },
    {
      assign: (key, object, assignment) => services.want(key, object, assignment),
      forget: (key) => services.forget(key),
      notice: (object, _resource, it) => notice(object.metadata.name, it),
      usage: (_allocator, objects, reports) => statuses.want(reports, objects),
    },
    following.signal,
    clock,
  )
  return {
    /** Nothing begins any more; resolves when the writes under way are done. */
    async stop() {
      following.abort()
      await Promise.all([statuses.close(), services.close()])
    },
  }
}

export class FakeController {
  readonly cluster = new FakeCluster()
  readonly clock = new FakeClock()
  readonly log = new MemoryLog()
  /** `s IPAllocated Assigned IP …`, in order. */
  readonly notices: string[] = []
  loadBalancerClass: string | undefined
  #running: ReturnType<typeof reconcile> | undefined

  start(): void {
    const told = (name: string, { reason, message }: Notice) =>
      void this.notices.push(`${name} ${reason} ${message}`)
    this.#running = reconcile(this, told, this.loadBalancerClass)
  }

  /** Between any two writes: what is not written by now never is. */
  kill(): void {
    void this.#running?.stop()
    this.#running = undefined
  }

  /** Until nothing more is written, whatever had to be tried again. */
  async quiet(): Promise<void> {
    for (let before = -1, rounds = 0; before !== this.cluster.calls.length; rounds++) {
      if (rounds > 20) throw new Error(`writes without end: ${this.cluster.calls.slice(-3).join()}`)
      before = this.cluster.calls.length
      await settle()
      await this.clock.advance(12_000)
    }
  }

  async pool(name: string, spec: object, annotations: KubeMeta['annotations'] = {}): Promise<void> {
    const metadata = { namespace: NAMESPACE, name, annotations }
    const known = await this.poolObject(name)
    const patch = {
      metadata: { annotations: instead(known?.metadata.annotations, annotations) },
      spec,
    }
    if (known) await this.cluster.patch(IP_ADDRESS_POOLS, metadata, patch)
    else await this.cluster.create(IP_ADDRESS_POOLS, { metadata, spec })
  }

  async poolObject(name: string): Promise<KubeObject | undefined> {
    const list = await this.cluster.list(IP_ADDRESS_POOLS, {})
    return list.find(({ metadata }) => metadata.name === name)
  }

  /** Its status, as an object of any shape. */
  async poolStatus(name: string): Promise<Record<string, unknown>> {
    return ((await this.poolObject(name))?.['status'] ?? {}) as Record<string, unknown>
  }

  async deletePool(name: string): Promise<void> {
    if (await this.poolObject(name))
      await this.cluster.delete(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name })
  }

  async namespace(name: string, labels: KubeMeta['labels'] = {}): Promise<void> {
    const known = (await this.cluster.list(NAMESPACES, {})).find((it) => it.metadata.name === name)
    const patch = { metadata: { labels: instead(known?.metadata.labels, labels) } }
    if (known) await this.cluster.patch(NAMESPACES, { name }, patch)
    else await this.cluster.create(NAMESPACES, { metadata: { name, labels } })
  }

  /** Creates it, or changes spec, labels and annotations of the one that is there. */
  async service(name: string, spec: object = {}, meta: Partial<KubeMeta> = {}): Promise<void> {
    const ports = [{ port: 80 }]
    const clusterIPs = ['10.96.0.7']
    const whole = { type: 'LoadBalancer', clusterIPs, ipFamilies: ['IPv4'], ports, ...spec }
    const metadata = { namespace: 'd', name, ...meta }
    const known = await this.serviceObject(name)
    if (!known) return void (await this.cluster.create(SERVICES, { metadata, spec: whole }))
    const { [ALLOCATED_FROM_POOL]: _mark, ...before } = known.metadata.annotations ?? {}
    const patch = {
      metadata: {
        labels: instead(known.metadata.labels, meta.labels),
        annotations: instead(before, meta.annotations),
      },
      spec: instead(known['spec'] as object, whole),
    }
    await this.cluster.patch(SERVICES, metadata, patch)
  }

  async serviceObject(name: string): Promise<KubeObject | undefined> {
    const list = await this.cluster.list(SERVICES, {})
    return list.find(({ metadata }) => metadata.name === name)
  }

  async deleteService(name: string): Promise<void> {
    if (await this.serviceObject(name))
      await this.cluster.delete(SERVICES, { namespace: 'd', name })
  }

  /** Addresses of every Service by name, as the API has them. */
  async addresses(): Promise<Record<string, readonly string[]>> {
    const list = await this.cluster.list(SERVICES, {})
    const pairs = list.map((it) => [it.metadata.name, ingressOf(it)] as const)
    return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Writes to Services so far. */
  get writes(): number {
    return this.cluster.calls.filter((call) => call.startsWith('updateStatus services')).length
  }
}

export function ingressOf(object: KubeObject): readonly string[] {
  const status = object['status'] as { loadBalancer?: { ingress?: { ip: string }[] } } | undefined
  return status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? []
}

/** A merge patch that leaves nothing of what was there before. */
function instead(before: object = {}, now: object = {}): object {
  return { ...Object.fromEntries(Object.keys(before).map((key) => [key, null])), ...now }
}
