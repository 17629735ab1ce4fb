/**
 * From what the API server says to addresses. Nothing is allocated, written or cleared before
 * everything has been listed and every address that a Service has is held again: so a restart never
 * takes or moves one.
 */
import { Followers } from '../adapters/followers.ts'
import { ALLOCATED_FROM_POOL } from '../core/config/annotations.ts'
import type { Pool, Problem } from '../core/config/model.ts'
import { parseConfig } from '../core/config/parse-config.ts'
import type { Labels } from '../core/config/selector.ts'
import { parseService } from '../core/config/service.ts'
import { parseIp } from '../core/net/ip.ts'
import { Allocator } from '../core/pool/allocator.ts'
import { converge } from '../core/pool/converge.ts'
import type { Notice } from '../core/pool/converge.ts'
import type { Change, Cluster, Followed, KubeObject, Resource } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { IP_ADDRESS_POOLS, NAMESPACES, SERVICES } from '../ports/resources.ts'
import { byPrecedence } from './order.ts'
import type { Known } from './order.ts'
import type { Assignment } from './service-writer.ts'

export interface ReconcileOptions {
  readonly namespace: string
  readonly loadBalancerClass: string | undefined
}

/** What comes out; the shell around it writes. */
export interface Outputs {
  assign(key: string, object: KubeObject, assignment: Assignment): void
  forget(key: string): void
  notice(object: KubeObject, resource: Resource, notice: Notice): void
  usage(allocator: Allocator, pools: ReadonlyMap<string, KubeObject>): void
  /** At each look at the pools: what keeps the new ones from being used, or undefined. */
  configuration?(problems: readonly Problem[] | undefined): void
}

export class Reconciler {
  readonly #allocator = new Allocator()
  readonly #log: Log
  readonly #options: ReconcileOptions
  readonly #outputs: Outputs
  readonly #services = new Map<string, Known>()
  readonly #namespaces: Followed
  readonly #poolObjects: Followed
  readonly #followers: Followers
  #pools: ReadonlyMap<string, Pool> | undefined
  #poolsChanged = true
  #everything = true
  #dirty = new Set<string>()
  /** Services that want more than they have. */
  readonly #waiting = new Set<string>()
  /** What each Service was told last, so that nothing is told twice in a row. */
  readonly #told = new Map<string, string>()
  #toldProblems = ''
  #freed = false
  #passed = false

  constructor(
    cluster: Cluster,
    log: Log,
    options: ReconcileOptions,
    outputs: Outputs,
    signal: AbortSignal,
  ) {
    this.#log = log
    this.#options = options
    this.#outputs = outputs
    this.#followers = new Followers(cluster, signal, () => this.#pass())
    this.#poolObjects = this.#followers.follow(
      IP_ADDRESS_POOLS,
      { namespace: options.namespace },
      (change) => {
        if (change.kind !== 'synced') this.#poolsChanged = true
      },
    )
    this.#namespaces = this.#followers.follow(NAMESPACES, {}, (change) =>
      this.#takeNamespace(change),
    )
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
    this.#services.delete(change.key)
    this.#dirty.delete(change.key)
    this.#forget(change.key)
    this.#outputs.forget(change.key)
  }

  /** Labels of namespaces matter to pools that select by them. */
  #takeNamespace(change: Change): void {
    const pools = [...(this.#pools?.values() ?? [])]
    const selecting = pools.some((pool) => pool.serviceAllocation?.namespaceSelectors.length)
    if (change.kind === 'upsert' && selecting) this.#everything = true
  }

  #forget(key: string): void {
    this.#waiting.delete(key)
    this.#told.delete(key)
    if (this.#allocator.release(key)) this.#freed = true
  }

  #pass(): void {
    if (this.#poolsChanged) this.#takePools()
    if (!this.#pools) return
    if (!this.#passed) this.#holdAll()
    const keys = this.#everything ? this.#services.keys() : this.#dirty
    const known = [...keys].flatMap((key) => this.#services.get(key) ?? []).sort(byPrecedence)
    this.#everything = false
    this.#dirty = new Set()
    const looked = new Set(known.map(({ service }) => service.key))
    for (const entry of known) this.#converge(entry)
    while (this.#freed) {
      this.#freed = false
      const waiting = [...this.#waiting].flatMap((key) => this.#services.get(key) ?? [])
      for (const entry of waiting.sort(byPrecedence)) this.#converge(entry)
    }
    if (!this.#passed) this.#log.info('first-pass-done', { services: looked.size })
    this.#passed = true
    this.#outputs.usage(this.#allocator, this.#poolObjects.objects)
  }

  /** Takes new pools, or keeps the last good ones and says on the pools what is wrong. */
  #takePools(): void {
    this.#poolsChanged = false
    const objects = this.#poolObjects.objects
    const parsed = parseConfig({ pools: [...objects.values()], l2Advertisements: [] })
    this.#outputs.configuration?.(parsed.ok ? undefined : parsed.problems)
    if (parsed.ok) {
      this.#toldProblems = ''
      // The status of a pool is in the object too: only what allocation sees counts.
      if (text(this.#pools) === text(parsed.config.pools)) return
      this.#log.info('pools-loaded', { pools: [...parsed.config.pools.keys()] })
      this.#pools = parsed.config.pools
      this.#allocator.setPools(parsed.config.pools)
      this.#everything = true
      return
    }
    const problems = JSON.stringify(parsed.problems)
    if (problems === this.#toldProblems) return
    this.#toldProblems = problems
    this.#log.error('pools-invalid', { problems: parsed.problems, kept: 'the last good ones' })
    for (const problem of parsed.problems) this.#tellProblem(problem)
  }

  #tellProblem(problem: Problem): void {
    const name = problem.where.split('/')[1] ?? ''
    const object = this.#poolObjects.objects.get(`${this.#options.namespace}/${name}`)
    if (!object) return
    const place = problem.path === '' ? '' : `${problem.path}: `
    const message = `${place}${problem.message}. The last good configuration stays in use until this is mended.`
    this.#outputs.notice(object, IP_ADDRESS_POOLS, {
      type: 'Warning',
      reason: 'ConfigurationError',
      message,
    })
  }

  /** Before the first decision: who has an address keeps it, whoever else might want it. */
  #holdAll(): void {
    for (const { service } of [...this.#services.values()].sort(byPrecedence)) {
      const ips = service.ingress.flatMap((text) => parseIp(text) ?? [])
      if (ips.length === 0 || !this.#isOurs(service.key)) continue
      this.#allocator.hold(service, ips, this.#labelsOf(service.namespace))
    }
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
    if (service.type === 'LoadBalancer' && !this.#isOurs(key)) return this.#forget(key)
    const outcome = converge(this.#allocator, service, this.#labelsOf(service.namespace))
    if (outcome.freed) this.#freed = true
    if (outcome.waiting) this.#waiting.add(key)
    else this.#waiting.delete(key)
    this.#outputs.assign(key, object, { ips: outcome.ips, pool: outcome.pool })
    this.#tell(key, object, outcome.notices)
  }

  #tell(key: string, object: KubeObject, notices: readonly Notice[]): void {
    if (notices.length === 0) return void this.#told.delete(key)
    const said = JSON.stringify(notices)
    if (this.#told.get(key) === said) return
    this.#told.set(key, said)
    for (const notice of notices) this.#outputs.notice(object, SERVICES, notice)
  }

  #labelsOf(namespace: string): Labels {
    return this.#namespaces.objects.get(namespace)?.metadata.labels ?? {}
  }
}

/** It carries our annotation: an address of ours that is to be taken back. */
const isMarked = (object: KubeObject): boolean =>
  object.metadata.annotations?.[ALLOCATED_FROM_POOL] !== undefined

const text = (pools: ReadonlyMap<string, Pool> | undefined): string =>
  JSON.stringify(pools && [...pools.values()], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
