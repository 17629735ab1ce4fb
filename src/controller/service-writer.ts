/**
 * Makes the status and the annotation of Services say what was decided. One write at a time for each
 * Service, many Services at once, and only where something differs.
 */
import pLimit from 'p-limit'
import { ALLOCATED_FROM_POOL, DEPRECATED_ALLOCATED_FROM_POOL } from '../core/config/annotations.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster, KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { SERVICES } from '../ports/resources.ts'

/** Writes under way at once. */
const PARALLEL = 32
const RETRY_MS = 250
const RETRY_CAP_MS = 10_000
/** A conflict is no trouble; without word from the watch it is tried again with what is known. */
const CONFLICT_MS = 1000

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
  /** Set while the next try waits. */
  timer?: { cancel(): void }
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
    if (entry && entry.object.metadata.uid === object.metadata.uid) {
      Object.assign(entry, { object, wanted })
    } else {
      // A Service made again under its name: what is under way for the former one is not for it.
      this.#entries.delete(key)
      if (says(object, wanted)) return
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
    entry.timer?.cancel()
    entry.writing = true
    void this.#limit(() => this.#write(key, entry))
  }

  async #write(key: string, entry: Entry): Promise<void> {
    const { wanted, object } = entry
    let pauseMs = 0
    try {
      if (!says(object, wanted)) {
        const written = await this.#cluster.updateStatus(SERVICES, saying(object, wanted))
        this.#log.info('service-written', { service: key, ...wanted })
        // Unless the watch has brought something else meanwhile, this is the newest there is.
        if (entry.object === object) entry.object = written
      }
      entry.failures = 0
    } catch (error) {
      pauseMs = this.#afterFailure(key, entry, error)
    }
    entry.writing = false
    if (this.#entries.get(key) !== entry) return
    if (says(entry.object, entry.wanted)) this.#entries.delete(key)
    else if (pauseMs === 0 || entry.object !== object) this.#start(key)
    else entry.timer = this.#clock.after(pauseMs, () => this.#start(key))
  }

  /** How long to wait before the next try. */
  #afterFailure(key: string, entry: Entry, error: unknown): number {
    const status = error instanceof ApiError ? error.status : undefined
    if (status === 404) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      return 0
    }
    // Somebody else wrote: the watch is about to bring what, and the decision upon it.
    if (status === 409) return CONFLICT_MS
    entry.failures++
    const retryMs = Math.min(RETRY_CAP_MS, RETRY_MS * 2 ** (entry.failures - 1))
    this.#log.warn('service-write-failed', { service: key, error, retryMs })
    return retryMs
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
  const {
    [ALLOCATED_FROM_POOL]: _old,
    [DEPRECATED_ALLOCATED_FROM_POOL]: _older,
    ...annotations
  } = object.metadata.annotations ?? {}
  const metadata = {
    ...object.metadata,
    annotations: pool === undefined ? annotations : { ...annotations, [ALLOCATED_FROM_POOL]: pool },
  }
  const ingress = ips.map((ip) => ({ ip }))
  const status = { ...(object['status'] as object | undefined), loadBalancer: { ingress } }
  return { ...object, metadata, status }
}
