/**
 * From what the API server says to addresses. Nothing is allocated, written or cleared before
 * everything has been listed and every address that a Service has is held again: so a restart never
 * takes or moves one.
 */
import { Followers } from '../adapters/followers.ts'
import { ALLOCATED_FROM_POOL } from '../core/config/annotations.ts'
import type { Problem } from '../core/config/model.ts'
import type { Labels } from '../core/config/selector.ts'
import { parseService } from '../core/config/service.ts'
import { parseIp } from '../core/net/ip.ts'
import { Allocator } from '../core/pool/allocator.ts'
import { converge } from '../core/pool/converge.ts'
import type { Notice } from '../core/pool/converge.ts'
import type { Clock } from '../ports/clock.ts'
import type { Change, Cluster, Followed, KubeObject, Resource } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { IP_ADDRESS_POOLS, NAMESPACES, SERVICES } from '../ports/resources.ts'
import { byPrecedence } from './order.ts'
import type { Known } from './order.ts'
import { PoolBook } from './pool-book.ts'
import { statusOf } from './pool-report.ts'
import type { Reports } from './pool-report.ts'
import { recallKept } from './recall.ts'
import type { Assignment } from './service-writer.ts'
import { Told } from './told.ts'

/** An end of keeping that is further away is looked at again after this: timers have a maximum. */
const LONGEST_WAIT_MS = 3_600_000

export interface ReconcileOptions {
  readonly namespace: string
  readonly loadBalancerClass: string | undefined
}

/** What comes out; the shell around it writes. */
export interface Outputs {
  assign(key: string, object: KubeObject, assignment: Assignment): void
  forget(key: string): void
  notice(object: KubeObject, resource: Resource, notice: Notice): void
  /** Called after each pass. `reports`: what the status of each pool is to say, when called. */
  usage(allocator: Allocator, pools: ReadonlyMap<string, KubeObject>, reports: Reports): void
  /** At each look at the pools: what keeps the new ones from being used, or undefined. */
  configuration?(problems: readonly Problem[] | undefined): void
}

export class Reconciler {
  readonly #allocator = new Allocator()
  readonly #log: Log
  readonly #options: ReconcileOptions
  readonly #outputs: Outputs
  readonly #signal: AbortSignal
  readonly #clock: Clock
  readonly #services = new Map<string, Known>()
  /** Labels of namespaces, by name. */
  readonly #labels = new Map<string, Labels>()
  readonly #poolObjects: Followed
  readonly #followers: Followers
  readonly #book: PoolBook
  #poolsChanged = true
  #everything = true
  #dirty = new Set<string>()
  /** Services that want more than they have. */
  readonly #waiting = new Set<string>()
  readonly #told = new Told()
  #freed = false
  #passed = false
  #timer: { cancel(): void } | undefined

  constructor(
    cluster: Cluster,
    log: Log,
    options: ReconcileOptions,
    outputs: Outputs,
    signal: AbortSignal,
    clock: Clock,
  ) {
    this.#log = log
    this.#options = options
    this.#outputs = outputs
    this.#signal = signal
    this.#clock = clock
    signal.addEventListener('abort', () => this.#timer?.cancel())
    this.#book = new PoolBook(this.#allocator, log, options.namespace, {
      notice: (pool, notice) => outputs.notice(pool, IP_ADDRESS_POOLS, notice),
      configuration: (problems) => outputs.configuration?.(problems),
    })
    this.#followers = new Followers(cluster, signal, () => this.#pass())
    this.#poolObjects = this.#followers.follow(
      IP_ADDRESS_POOLS,
      { namespace: options.namespace },
      (change) => {
        if (change.kind !== 'synced') this.#poolsChanged = true
      },
    )
    this.#followers.follow(NAMESPACES, {}, (change) => this.#takeNamespace(change))
    this.#followers.follow(SERVICES, {}, (change) => this.#takeService(change))
  }

  get synced(): boolean {
    return this.#followers.synced
  }

  /** True once every Service has been looked at. */
  get passed(): boolean {
    return this.#passed
  }

  #takeService(change: Change): void {
    if (change.kind === 'synced') return
    const service = change.kind === 'upsert' ? parseService(change.object) : undefined
    if (service) {
      this.#services.set(change.key, { object: change.object, service })
      this.#dirty.add(change.key)
      return
    }
    const gone = this.#services.delete(change.key)
    this.#dirty.delete(change.key)
    if (gone) this.#depart(change.key)
    this.#outputs.forget(change.key)
  }

  /** Labels of namespaces matter to pools that select by them. */
  #takeNamespace(change: Change): void {
    if (change.kind === 'synced') return
    const { name, labels = {} } = change.object.metadata
    const before = this.#labels.get(name)
    if (change.kind === 'delete') return void this.#labels.delete(name)
    this.#labels.set(name, labels)
    if (before && JSON.stringify(before) === JSON.stringify(labels)) return
    const pools = [...(this.#book.pools?.values() ?? [])]
    const selecting = pools.some((pool) => pool.serviceAllocation?.namespaceSelectors.length)
    if (selecting) this.#everything = true
  }

  /** Deleted: its address is free, or kept for its name. */
  #depart(key: string): void {
    this.#waiting.delete(key)
    this.#told.forget(key)
    if (this.#allocator.keeper.depart(key, this.#now())) this.#freed = true
  }

  /** It is another's now (loadBalancerClass): we write to it no more. */
  #leave(key: string): void {
    this.#waiting.delete(key)
    this.#told.forget(key)
    if (this.#allocator.release(key)) this.#freed = true
    this.#outputs.forget(key)
  }

  #pass(): void {
    if (this.#poolsChanged) {
      this.#poolsChanged = false
      if (this.#book.take(this.#poolObjects.objects)) this.#everything = true
    }
    if (!this.#book.pools) return
    if (!this.#passed) this.#resume()
    if (this.#allocator.keeper.expire(this.#now())) this.#freed = true
    const keys = this.#everything ? this.#services.keys() : this.#dirty
    const known = this.#inOrder(keys)
    this.#everything = false
    this.#dirty = new Set()
    for (const entry of known) this.#converge(entry)
    while (this.#freed) {
      this.#freed = false
      for (const entry of this.#inOrder(this.#waiting)) this.#converge(entry)
    }
    if (!this.#passed) this.#log.info('first-pass-done', { services: known.length })
    this.#passed = true
    this.#book.warn(this.#poolObjects.objects)
    this.#outputs.usage(this.#allocator, this.#poolObjects.objects, () => this.#book.reports())
    this.#awaitEndOfKeeping()
  }

  #inOrder(keys: Iterable<string>): readonly Known[] {
    return [...keys].flatMap((key) => this.#services.get(key) ?? []).sort(byPrecedence)
  }

  /** Before the first decision: who has an address keeps it, whoever else might want it. */
  #resume(): void {
    for (const { service } of this.#inOrder(this.#services.keys())) {
      const ips = service.ingress.flatMap((text) => parseIp(text) ?? [])
      if (ips.length === 0 || !this.#isOurs(service.key)) continue
      this.#allocator.hold(service, ips, this.#labelsOf(service.namespace))
    }
    const { keeper } = this.#allocator
    for (const pool of this.#poolObjects.objects.values()) {
      recallKept(keeper, pool.metadata.name, statusOf(pool), this.#now())
    }
    this.#book.recallAlarms(this.#poolObjects.objects)
  }

  #isOurs(key: string): boolean {
    const service = this.#services.get(key)?.service
    return (
      service?.type === 'LoadBalancer' &&
      service.loadBalancerClass === this.#options.loadBalancerClass
    )
  }

  #converge({ object, service }: Known): void {
    const { key } = service
    const held = this.#allocator.holding(key) !== undefined
    if (!this.#isOurs(key) && !held && !isMarked(object)) return
    if (service.type === 'LoadBalancer' && !this.#isOurs(key)) return this.#leave(key)
    const outcome = converge(this.#allocator, service, this.#labelsOf(service.namespace))
    if (outcome.freed) this.#freed = true
    if (outcome.waiting) this.#waiting.add(key)
    else this.#waiting.delete(key)
    this.#outputs.assign(key, object, { ips: outcome.ips, pool: outcome.pool })
    for (const notice of this.#told.news(key, outcome.notices)) {
      this.#outputs.notice(object, SERVICES, notice)
    }
  }

  #labelsOf(namespace: string): Labels {
    return this.#labels.get(namespace) ?? {}
  }

  /** Milliseconds since 1970, by a clock that is not set while we run. */
  #now(): number {
    return performance.timeOrigin + this.#clock.now()
  }

  #awaitEndOfKeeping(): void {
    this.#timer?.cancel()
    const end = this.#allocator.keeper.nextEnd
    if (end === undefined) return
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(0, end - this.#now()))
    this.#timer = this.#clock.after(waitMs, () => {
      if (!this.#signal.aborted) this.#pass()
    })
  }
}

/** It carries our annotation: an address of ours that is to be taken back. */
const isMarked = (object: KubeObject): boolean =>
  object.metadata.annotations?.[ALLOCATED_FROM_POOL] !== undefined
