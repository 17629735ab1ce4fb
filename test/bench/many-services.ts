/** Makes many Services as fast as the API takes them, and tells when each has and answers its address. */
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { KubeCluster } from '../../src/adapters/kube/cluster.ts'
import { ApiError } from '../../src/ports/cluster.ts'
import type { KubeObject } from '../../src/ports/cluster.ts'
import { SERVICES } from '../../src/ports/resources.ts'
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
  const addresses = new Map<string, string>()
  const isNew = (name: string) => /^many-(\d+)$/.test(name) && Number(name.slice(5)) >= first
  let lastAssigned = 0
  const followed = cluster.follow(
    SERVICES,
    { namespace },
    (change) => {
      if (change.kind !== 'upsert' || !isNew(change.object.metadata.name)) return
      const ip = addressOf(change.object)
      if (ip === undefined || addresses.has(change.key)) return
      addresses.set(change.key, ip)
      lastAssigned = performance.now()
    },
    stop.signal,
  )
  await until('the watch', () => followed.synced)

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
  await until('all addresses', () => addresses.size === count, { timeoutMs: 600_000, everyMs: 20 })
  stop.abort()

  await answering(lab, [...addresses.values()])
  const answered = performance.now()
  return {
    createdS: (created - started) / 1000,
    assignedS: Math.max(0, lastAssigned - created) / 1000,
    answeredS: (answered - created) / 1000,
    writes: await eachWritten(lab, before, count),
  }
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

/** Resolves when the client has had an answer from each address. */
async function answering(lab: Lab, ips: readonly string[]): Promise<void> {
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
  } finally {
    rmSync(file)
  }
}

function addressOf(object: KubeObject): string | undefined {
  const status = object['status'] as { loadBalancer?: { ingress?: { ip?: string }[] } } | undefined
  return status?.loadBalancer?.ingress?.[0]?.ip
}
