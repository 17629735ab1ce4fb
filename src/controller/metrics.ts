/**
 * Metrics of a controller in Prometheus' text format: MetalLB's by MetalLB's names, and ours. What only
 * the leader knows is absent in one that stands by. docs/metrics.md is their reference.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Page } from '../adapters/pages.ts'
import { addProcessMetrics } from '../adapters/process-metrics.ts'
import type { Problem } from '../core/config/model.ts'
import type { Holding } from '../core/pool/ledger.ts'
import type { PoolUsage } from '../core/pool/usage.ts'
import type { WriteResult } from './term-cluster.ts'

/** What is looked at when the page is asked for. */
export interface Watched {
  leading(): boolean
  eventsWaiting(): number
  /** By reason, since the start. */
  eventsDropped(): Readonly<Record<string, number>>
}

const HELP = {
  metallb_allocator_addresses_total: 'Number of usable IP addresses, per pool',
  metallb_allocator_ipv4_addresses_total: 'Number of usable IPV4 addresses, per pool',
  metallb_allocator_ipv6_addresses_total: 'Number of usable IPV6 addresses, per pool',
  metallb_allocator_addresses_in_use_total: 'Number of IP addresses in use, per pool',
  metallb_allocator_ipv4_addresses_in_use_total: 'Number of IPV4 addresses in use, per pool',
  metallb_allocator_ipv6_addresses_in_use_total: 'Number of IPV6 addresses in use, per pool',
  metallb_allocator_services_allocated_total: 'Number of services allocated, per pool',
  metallb_k8s_client_updates_total: 'Number of k8s object updates that have been processed.',
  metallb_k8s_client_update_errors_total:
    'Number of k8s object updates that failed for some reason.',
  metallb_k8s_client_config_loaded_bool:
    '1 if the MetalLB configuration was successfully loaded at least once.',
  metallb_k8s_client_config_stale_bool:
    '1 if running on a stale configuration, because the latest config failed to load.',
  bellwether_leader: '1 in the controller that leads',
  bellwether_allocation_seconds: "From the decision to the address in the Service's status",
  bellwether_api_writes_total: 'Writes to the API server, by how they ended',
  bellwether_queue_depth: 'What waits to be written: Services (services) and events (events)',
  bellwether_events_dropped_total: 'Events that were not written, by the reason',
} as const

const ALLOCATOR = {
  metallb_allocator_addresses_total: ({ total }: Counts) => total[4] + total[6],
  metallb_allocator_ipv4_addresses_total: ({ total }: Counts) => total[4],
  metallb_allocator_ipv6_addresses_total: ({ total }: Counts) => total[6],
  metallb_allocator_addresses_in_use_total: ({ used }: Counts) => used[4] + used[6],
  metallb_allocator_ipv4_addresses_in_use_total: ({ used }: Counts) => used[4],
  metallb_allocator_ipv6_addresses_in_use_total: ({ used }: Counts) => used[6],
  metallb_allocator_services_allocated_total: ({ services }: Counts) => services,
} as const

type Name = keyof typeof HELP

interface Counts {
  readonly total: Readonly<Record<4 | 6, number>>
  readonly used: Readonly<Record<4 | 6, number>>
  readonly services: number
}

/** Seconds. The usual is a few milliseconds; a thousand Services at once take some seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export class ControllerMetrics {
  readonly #registry = new Registry()
  readonly #families: Family[] = []
  readonly #pools = new Map<string, Counts>()
  readonly #updates = this.#counter('metallb_k8s_client_updates_total')
  readonly #updateErrors = this.#counter('metallb_k8s_client_update_errors_total')
  readonly #writes = this.#counter('bellwether_api_writes_total', ['resource', 'result'])
  readonly #latency = new Histogram({
    ...this.#family('bellwether_allocation_seconds', 'histogram', []),
    buckets: BUCKETS,
  })
  #loaded = false
  #stale = false
  #watched: Watched | undefined
  #services: { readonly waiting: number } | undefined

  constructor() {
    addProcessMetrics(this.#registry)
    for (const [name, of] of Object.entries(ALLOCATOR)) {
      this.#gauge(name as keyof typeof ALLOCATOR, ['pool'], () =>
        [...this.#pools].map(([pool, counts]) => [{ pool }, of(counts)]),
      )
    }
    this.#gauge('metallb_k8s_client_config_loaded_bool', [], () => this.#ofLeader(this.#loaded))
    this.#gauge('metallb_k8s_client_config_stale_bool', [], () => this.#ofLeader(this.#stale))
    this.#gauge('bellwether_leader', [], () => [[{}, Number(this.#watched?.leading() ?? false)]])
    this.#gauge('bellwether_queue_depth', ['queue'], () => [
      [{ queue: 'services' }, this.#services?.waiting ?? 0],
      [{ queue: 'events' }, this.#watched?.eventsWaiting() ?? 0],
    ])
    const watched = () => this.#watched
    new Counter({
      ...this.#family('bellwether_events_dropped_total', 'counter', ['reason']),
      // It is counted elsewhere, and only written down here.
      collect() {
        this.reset()
        for (const [reason, count] of Object.entries(watched()?.eventsDropped() ?? {})) {
          this.inc({ reason }, count)
        }
      },
    })
  }

  watch(watched: Watched): void {
    this.#watched = watched
  }

  /** A term begins; `services` writes their status. */
  begin(services: { readonly waiting: number }): void {
    this.#services = services
  }

  /** A term ends: another may know better. */
  end(): void {
    this.#services = undefined
    this.#pools.clear()
    this.#loaded = this.#stale = false
  }

  /** By pool. */
  usage(usage: ReadonlyMap<string, PoolUsage>, holdings: Iterable<Pick<Holding, 'pool'>>): void {
    const services = new Map<string, number>()
    for (const { pool } of holdings) services.set(pool, (services.get(pool) ?? 0) + 1)
    this.#pools.clear()
    for (const [pool, { assigned, total }] of usage) {
      this.#pools.set(pool, {
        total: { 4: Number(total[4]), 6: Number(total[6]) },
        used: assigned,
        services: services.get(pool) ?? 0,
      })
    }
  }

  /** The newest was looked at; `problems` keep it from being used. */
  configuration(problems: readonly Problem[] | undefined): void {
    this.#stale = problems !== undefined
    if (this.#stale) this.#updateErrors.inc()
    else this.#loaded = true
  }

  /** Something changed at the API server, and was taken in. */
  updated(): void {
    this.#updates.inc()
  }

  written(resource: string, result: WriteResult): void {
    this.#writes.inc({ resource, result })
    if (result === 'failed') this.#updateErrors.inc()
  }

  allocated(ms: number): void {
    this.#latency.observe(ms / 1000)
  }

  /** What there is, for its reference. */
  get families(): readonly Family[] {
    return this.#families
  }

  async page(): Promise<Page> {
    const body = await this.#registry.metrics()
    return { status: 200, type: this.#registry.contentType, body }
  }

  #ofLeader(value: boolean): Sample[] {
    return this.#services === undefined ? [] : [[{}, Number(value)]]
  }

  #counter(name: Name, labels: string[] = []): Counter {
    return new Counter(this.#family(name, 'counter', labels))
  }

  #gauge(name: Name, labels: string[], read: () => Sample[]): void {
    new Gauge({
      ...this.#family(name, 'gauge', labels),
      collect() {
        this.reset()
        // One without labels is 0 after that: it is to be absent where nothing is known.
        if (labels.length === 0) this.remove()
        for (const [values, value] of read()) this.set(values, value)
      },
    })
  }

  #family(name: Name, type: Family['type'], labels: string[]) {
    this.#families.push({ name, type, labels })
    return { name, help: HELP[name], labelNames: labels, registers: [this.#registry] }
  }
}

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
}

/** Labels and value. */
type Sample = readonly [Readonly<Record<string, string>>, number]
