/**
 * Makes the status and the annotation of Services say what was decided. One write at a time for each
 * Service, many Services at once, and only where something differs.
 */
import pLimit from 'p-limit'
import { ALLOCATED_FROM_POOL } from '../core/config/annotations.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster, KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { SERVICES } from '../ports/resources.ts'

/** Writes under way at once. */
const PARALLEL = 32
const RETRY_MS = 250
const RETRY_CAP_MS = 10_000

/** What a Service is to say of its addresses. */
export interface Assignment {
  readonly ips: readonly string[]
  readonly pool: string | undefined
}

interface Entry {
  object: KubeObject
  wanted: Assignment
  writing: boolean
  failures: number
}

export class ServiceWriter {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #log: Log
  readonly #limit = pLimit(PARALLEL)
  readonly #entries = new Map<string, Entry>()
  #closed = false

  constructor(cluster: Cluster, clock: Clock, log: Log) {
    this.#cluster = cluster
    this.#clock = clock
    this.#log = log
  }

  /** `object`: the newest known; the decision was made on it. */
  want(key: string, object: KubeObject, wanted: Assignment): void {
    const entry = this.#entries.get(key)
    if (entry) Object.assign(entry, { object, wanted })
    else if (!says(object, wanted)) {
      this.#entries.set(key, { object, wanted, writing: false, failures: 0 })
    }
    this.#start(key)
  }

  /** The Service is gone: there is nothing left to write to. */
  forget(key: string): void {
    this.#entries.delete(key)
  }

  /** Takes no new work; resolves when the writes under way are done. */
  async close(): Promise<void> {
    this.#closed = true
    this.#limit.clearQueue()
    while (this.#limit.activeCount > 0) {
      await new Promise<void>((resolve) => this.#clock.after(5, resolve))
    }
  }

  #start(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry || entry.writing || this.#closed) return
    entry.writing = true
    void this.#limit(() => this.#write(key, entry))
  }

  async #write(key: string, entry: Entry): Promise<void> {
    const { wanted } = entry
    try {
      if (!says(entry.object, wanted)) {
        const written = await this.#cluster.updateStatus(SERVICES, saying(entry.object, wanted))
        this.#log.info('service-written', { service: key, ...wanted })
        // Unless the watch has brought something else meanwhile, this is the newest there is.
        if (entry.wanted === wanted) entry.object = written
      }
      entry.failures = 0
      entry.writing = false
      if (says(entry.object, entry.wanted)) this.#entries.delete(key)
      else this.#start(key)
    } catch (error) {
      await this.#failed(key, entry, error)
    }
  }

  async #failed(key: string, entry: Entry, error: unknown): Promise<void> {
    const status = error instanceof ApiError ? error.status : undefined
    if (status === 404) return this.forget(key)
    entry.failures++
    const retryMs = Math.min(RETRY_CAP_MS, RETRY_MS * 2 ** (entry.failures - 1))
    // A conflict is no trouble: somebody else wrote, and the watch brings what.
    if (status !== 409) this.#log.warn('service-write-failed', { service: key, error, retryMs })
    const before = entry.object
    await new Promise<void>((resolve) => this.#clock.after(status === 409 ? 20 : retryMs, resolve))
    if (status === 409 && entry.object === before) await this.#refetch(key, entry)
    entry.writing = false
    if (this.#entries.get(key) === entry) this.#start(key)
  }

  /** The watch is slow or away: ask. Only metadata may have changed, or the watch will tell. */
  async #refetch(key: string, entry: Entry): Promise<void> {
    try {
      const object = await this.#cluster.get(SERVICES, entry.object.metadata)
      if (object.metadata.uid === entry.object.metadata.uid) entry.object = object
      else this.forget(key)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.forget(key)
    }
  }
}

interface LoadBalancerStatus {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] }
}

/** True if the object says exactly this already. */
function says(object: KubeObject, { ips, pool }: Assignment): boolean {
  const ingress = (object['status'] as LoadBalancerStatus | undefined)?.loadBalancer?.ingress ?? []
  return (
    ingress.length === ips.length &&
    ips.every((ip, index) => ingress[index]?.ip === ip) &&
    object.metadata.annotations?.[ALLOCATED_FROM_POOL] === pool
  )
}

function saying(object: KubeObject, { ips, pool }: Assignment): KubeObject {
  const { [ALLOCATED_FROM_POOL]: _old, ...annotations } = object.metadata.annotations ?? {}
  const metadata = {
    ...object.metadata,
    annotations: pool === undefined ? annotations : { ...annotations, [ALLOCATED_FROM_POOL]: pool },
  }
  const ingress = ips.map((ip) => ({ ip }))
  const status = { ...(object['status'] as object | undefined), loadBalancer: { ingress } }
  return { ...object, metadata, status }
}
