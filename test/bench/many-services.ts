/** Makes many Services as fast as the API takes them, and tells when each has and answers its address. */
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { KubeCluster } from '../../src/adapters/kube/cluster.ts'
import { ApiError } from '../../src/ports/cluster.ts'
import type { KubeObject, Resource } from '../../src/ports/cluster.ts'
import { ENDPOINT_SLICES, SERVICES } from '../../src/ports/resources.ts'
import { MemoryLog } from '../contract/memory-log.ts'
import { serviceObject } from '../e2e/harness.ts'
import type { Lab } from '../lab/lab.ts'
import { until } from '../lab/until.ts'

const WRITERS = 16
/** There are fewer node ports than Services. */
const WITHOUT_PORTS = { spec: { allocateLoadBalancerNodePorts: false } }

export interface ManyServices {
  /** From the first create to the last. */
  readonly createdS: number
  /** From the last create until the last has its address, as a watch hears it. */
  readonly assignedS: number
  /** From the last create until the last has endpoints, without which nobody may announce it: Kubernetes' part. */
  readonly endpointsS: number
  /** From the last create until the client has heard each of them answer ARP. */
  readonly answeredS: number
  /** Calls of the controller to the API server that write, of each Service, by what they write. */
  readonly writes: Readonly<Record<'status' | 'events', number>>
}

export async function manyServices(
  lab: Lab,
  namespace: string,
  first: number,
  count: number,
): Promise<ManyServices> {
  const config = new KubeConfig()
  config.loadFromFile(lab.kubeconfig)
  const cluster = new KubeCluster(config, new MemoryLog())
  const stop = new AbortController()
  const isNew = (name: string) => /^many-(\d+)$/.test(name) && Number(name.slice(5)) >= first
  const hear = (resource: Resource, read: (object: KubeObject) => Found | undefined) =>
    heardOf(cluster, resource, namespace, stop.signal, (object) => {
      const found = read(object)
      return found && isNew(found.service) ? found : undefined
    })
  const addresses = await hear(SERVICES, addressOf)
  const endpoints = await hear(ENDPOINT_SLICES, endpointsOf)

  /** An API server that is late may have made it all the same. */
  const create = (object: KubeObject) =>
    until(`${object.metadata.name} to be made`, async () => {
      try {
        await cluster.create(SERVICES, object)
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) throw error
      }
      return true
    })
  const before = await written(lab)
  const started = performance.now()
  let next = first
  const worker = async () => {
    while (next < first + count) {
      await create(serviceObject(namespace, `many-${next++}`, WITHOUT_PORTS) as KubeObject)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, worker))
  const created = performance.now()
  const all = { timeoutMs: 600_000, everyMs: 20 }
  await until('all addresses', () => addresses.of.size === count, all)
  const [answeredMs] = await Promise.all([
    answering(lab, [...addresses.of.values()]),
    until('all endpoints', () => endpoints.of.size === count, all),
  ])
  stop.abort()

  const after = (ms: number) => Math.max(0, ms - created) / 1000
  return {
    createdS: (created - started) / 1000,
    assignedS: after(addresses.lastMs),
    endpointsS: after(endpoints.lastMs),
    answeredS: after(answeredMs),
    writes: await eachWritten(lab, before, count),
  }
}

/** Of which Service an object tells, and what. */
interface Found {
  readonly service: string
  readonly text: string
}

/** What was heard of each Service, and when of the last one. */
interface Heard {
  readonly of: Map<string, string>
  lastMs: number
}

/** Follows a kind, and notes what is first heard of each Service. */
async function heardOf(
  cluster: KubeCluster,
  resource: Resource,
  namespace: string,
  signal: AbortSignal,
  read: (object: KubeObject) => Found | undefined,
): Promise<Heard> {
  const heard: Heard = { of: new Map(), lastMs: 0 }
  const followed = cluster.follow(
    resource,
    { namespace },
    (change) => {
      const found = change.kind === 'upsert' ? read(change.object) : undefined
      if (!found || heard.of.has(found.service)) return
      heard.of.set(found.service, found.text)
      heard.lastMs = performance.now()
    },
    signal,
  )
  await until(`the watch of ${resource.plural}`, () => followed.synced)
  return heard
}

type Written = Readonly<Record<'status' | 'events', number>>

/** Writes so far, as the API server counts them, whoever made them: nobody else writes these here. */
async function written(lab: Lab): Promise<Written> {
  const text = await lab.kubectl('get', '--raw', '/metrics')
  const count = (resource: string, subresource: string) => {
    const lines = text.split('\n').filter((line) => {
      const label = (name: string, value: string) => line.includes(`${name}="${value}"`)
      return (
        line.startsWith('apiserver_request_total{') &&
        label('resource', resource) &&
        label('subresource', subresource) &&
        /verb="(PUT|PATCH|POST)"/.test(line)
      )
    })
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  return { status: count('services', 'status'), events: count('events', '') }
}

/** Events are written after all else: waits until no more come. */
async function eachWritten(lab: Lab, before: Written, count: number): Promise<Written> {
  let last = await written(lab)
  await until(
    'the last event',
    async () => {
      const now = await written(lab)
      const quiet = now.events === last.events
      last = now
      return quiet
    },
    { timeoutMs: 300_000, everyMs: 2000 },
  )
  return {
    status: (last.status - before.status) / count,
    events: (last.events - before.events) / count,
  }
}

/** When the client has had an answer from each address. */
async function answering(lab: Lab, ips: readonly string[]): Promise<number> {
  const file = join(tmpdir(), `bellwether-bench-${process.pid}.txt`)
  writeFileSync(file, ips.join('\n'))
  const prober = new URL('arp-prober.ts', import.meta.url).pathname
  try {
    await until(
      'all to answer',
      async () => {
        const argv = [process.execPath, prober, 'eth0', '--all', file]
        const { stdout } = await lab.exec('client', argv)
        return (JSON.parse(stdout) as { answered: number }).answered === ips.length
      },
      { timeoutMs: 300_000 },
    )
    return performance.now()
  } finally {
    rmSync(file)
  }
}

function addressOf(object: KubeObject): Found | undefined {
  const status = object['status'] as { loadBalancer?: { ingress?: { ip?: string }[] } } | undefined
  const text = status?.loadBalancer?.ingress?.[0]?.ip
  return text === undefined ? undefined : { service: object.metadata.name, text }
}

function endpointsOf(object: KubeObject): Found | undefined {
  const service = object.metadata.labels?.['kubernetes.io/service-name']
  const endpoints = object['endpoints'] as readonly unknown[] | null | undefined
  return service === undefined || !endpoints?.length
    ? undefined
    : { service, text: `${endpoints.length}` }
}
