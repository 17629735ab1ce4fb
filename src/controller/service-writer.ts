/**
 * Makes the status and the annotation of Services say what was decided. One write at a time for each
 * Service, many Services at once, and only where something differs.
 */
import pLimit from 'p-limit'
import { ALLOCATED_FROM_POOL, DEPRECATED_ALLOCATED_FROM_POOL } from '../core/config/annotations.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError, retryMs } from '../ports/cluster.ts'
import type { Cluster, KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { Trouble } from '../adapters/trouble.ts'
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
  /** When it was first wanted. */
  readonly since: number
  /** Set while the next try waits. */
  timer?: { cancel(): void }
}

export class ServiceWriter {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #log: Log
  readonly #limit = pLimit(PARALLEL)
  readonly #entries = new Map<string, Entry>()
  readonly #trouble: Trouble
  readonly #onAllocated: (ms: number) => void
  #closed = false

  /** `onAllocated`: a Service has addresses now, so long after that was decided. */
  constructor(
    cluster: Cluster,
    clock: Clock,
    log: Log,
    onAllocated: (ms: number) => void = () => undefined,
  ) {
    this.#cluster = cluster
    this.#clock = clock
    this.#log = log
    this.#trouble = new Trouble(clock, log, 'service-write-failed', 'service-written-again')
    this.#onAllocated = onAllocated
  }

  /** Services whose status is not yet what it is to be. */
  get waiting(): number {
    return this.#entries.size
  }

  /** `object`: the newest known; the decision was made on it. */
  want(key: string, object: KubeObject, wanted: Assignment): void {
    const entry = this.#entries.get(key)
    if (entry) Object.assign(entry, { object, wanted })
    else {
      if (says(object, wanted)) return
      const since = this.#clock.now()
      this.#entries.set(key, { object, wanted, writing: false, failures: 0, since })
    }
    this.#start(key)
  }

  /** The Service is gone: what is under way for it is not for one that is made again under its name. */
  forget(key: string): void {
    this.#trouble.over(key)
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
        if (wanted.ips.length > 0) this.#onAllocated(this.#clock.now() - entry.since)
        // Unless the watch has brought something else meanwhile, this is the newest there is.
        if (entry.object === object) entry.object = written
      }
      entry.failures = 0
      this.#trouble.over(key)
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
      this.#trouble.over(key)
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      return 0
    }
    // Somebody else wrote: the watch is about to bring what, and the decision upon it.
    if (status === 409) return CONFLICT_MS
    entry.failures++
    if (!this.#closed) this.#trouble.happened({ service: key, error }, key)
    return retryMs(error, Math.min(RETRY_CAP_MS, RETRY_MS * 2 ** (entry.failures - 1)))
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
