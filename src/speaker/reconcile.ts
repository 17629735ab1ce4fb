/**
 * From what the API server says to candidacies: follows the kinds that matter, parses them at the
 * edge, keeps a CandidacyTable, and hands the result on when it changed: paced, since it is work on
 * all of them. While the API is away everything stays as last heard.
 */
import * as z from 'zod'
import { Followers } from '../adapters/followers.ts'
import type { Problem } from '../core/config/model.ts'
import { parseConfig } from '../core/config/parse-config.ts'
import { parseEndpointSlice } from '../core/config/endpoints.ts'
import { parseNode } from '../core/config/node.ts'
import { parseService } from '../core/config/service.ts'
import type { SpeakerPod } from '../core/diagnosis/problems.ts'
import type { Candidacy, Verdict } from '../core/election/candidacy.ts'
import type { Change, Cluster, Followed, KubeObject } from '../ports/cluster.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import {
  ENDPOINT_SLICES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NODES,
  PODS,
  SERVICES,
} from '../ports/resources.ts'
import type { CandidacyTable } from './candidacy-table.ts'
import { Paced } from './paced.ts'

/** A pass, and what the gossip thread makes of it, times this. */
const RESTS = 3

export interface ReconcileOptions {
  readonly namespace: string
  /** Label selector of the speaker pods; '' where membership is off. */
  readonly podLabels: string
  readonly clock: Clock
}

export interface Outputs {
  /** A promise resolves when it has been reckoned with: no other list comes before that. */
  candidacies(list: readonly Candidacy[]): void | Promise<void>
  /** Load balancers that nobody may announce, by key. */
  refusals(verdicts: ReadonlyMap<string, Verdict>): void
  /** All speaker pods that have an address, by address, this one's among them. */
  speakers(pods: readonly SpeakerPod[]): void
  /** At each look at the configuration: what keeps the new one from being used, or undefined. */
  configuration(problems: readonly Problem[] | undefined): void
  /** Changes have been looked at. */
  updated(): void
}

/** Without an address it is not there yet. */
const Pod = z.object({
  spec: z.object({ nodeName: z.string().default('') }).prefault({}),
  status: z.object({
    podIP: z.string().min(1),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
})

export class Reconciler {
  readonly #table: CandidacyTable
  readonly #log: Log
  readonly #outputs: Outputs
  readonly #followers: Followers
  readonly #pools: Followed
  readonly #advertisements: Followed
  readonly #services: Followed
  #configChanged = true
  /** The configuration in use, as text. */
  #configText = ''
  /** The one last refused, so that it is told once. */
  #refusedText = ''

  constructor(
    cluster: Cluster,
    table: CandidacyTable,
    log: Log,
    options: ReconcileOptions,
    outputs: Outputs,
    signal: AbortSignal,
  ) {
    this.#table = table
    this.#log = log
    this.#outputs = outputs
    const { namespace, podLabels, clock } = options
    const passes = new Paced({ clock, rests: RESTS, work: () => this.#pass() })
    signal.addEventListener('abort', () => passes.close())
    const configChange = () => {
      this.#configChanged = true
    }
    this.#followers = new Followers(cluster, signal, () => passes.want())
    this.#pools = this.#followers.follow(IP_ADDRESS_POOLS, { namespace }, configChange)
    this.#advertisements = this.#followers.follow(L2_ADVERTISEMENTS, { namespace }, configChange)
    this.#services = this.#followers.follow(SERVICES, { keep: 'metadata' }, (change) =>
      this.#takeService(change),
    )
    const keep = 'metadata'
    this.#followers.follow(ENDPOINT_SLICES, { keep }, (change) => this.#takeSlice(change))
    this.#followers.follow(NODES, { keep }, (change) => this.#takeNode(change))
    if (podLabels !== '') this.#followSpeakers(cluster, namespace, podLabels, signal)
  }

  /** True once every kind has been listed. */
  get synced(): boolean {
    return this.#followers.synced
  }

  /** The Service as it came, to record events on. */
  service(key: string): KubeObject | undefined {
    return this.#services.objects.get(key)
  }

  #followSpeakers(cluster: Cluster, namespace: string, labelSelector: string, signal: AbortSignal) {
    cluster.follow(
      PODS,
      { namespace, labelSelector },
      (change, { objects, synced }) => {
        if (!synced && change.kind !== 'synced') return
        const pods = [...objects.values()].flatMap((pod) => speakerPod(pod) ?? [])
        this.#outputs.speakers(pods.sort((a, b) => (a.address < b.address ? -1 : 1)))
      },
      signal,
    )
  }

  #takeService(change: Change): void {
    if (change.kind === 'synced') return
    const service = change.kind === 'upsert' ? parseService(change.object) : undefined
    this.#table.setService(change.key, service)
  }

  #takeSlice(change: Change): void {
    if (change.kind === 'synced') return
    const slice = parseEndpointSlice(change.object)
    if (!slice) return
    const endpoints = change.kind === 'upsert' ? slice.endpoints : undefined
    this.#table.setEndpoints(slice.service, change.key, endpoints)
  }

  #takeNode(change: Change): void {
    if (change.kind === 'synced') return
    this.#table.setNode(change.key, change.kind === 'upsert' ? parseNode(change.object) : undefined)
  }

  #pass(): void | Promise<void> {
    this.#outputs.updated()
    if (this.#configChanged) this.#takeConfig()
    const { candidacies, refusals } = this.#table.compute()
    if (refusals) this.#outputs.refusals(refusals)
    return candidacies && this.#outputs.candidacies(candidacies)
  }

  #takeConfig(): void {
    this.#configChanged = false
    const parsed = parseConfig({
      pools: [...this.#pools.objects.values()],
      l2Advertisements: [...this.#advertisements.objects.values()],
    })
    if (!parsed.ok) {
      this.#outputs.configuration(parsed.problems)
      this.#log.error('config-invalid', { problems: parsed.problems, kept: 'the last good one' })
      return
    }
    // A pool's status is in the object too: only what the election sees counts.
    const text = JSON.stringify([[...parsed.config.pools], parsed.config.l2Advertisements], bigints)
    if (text === this.#configText) return this.#outputs.configuration(undefined)
    const orphans = this.#table.setConfig(parsed.config)
    if (orphans.length > 0) {
      // Tried again at every change: the controller takes those addresses back.
      this.#configChanged = true
      this.#outputs.configuration(orphans.map(orphaned))
      if (text !== this.#refusedText) {
        this.#log.error('config-refused', {
          problem: 'Services are announced at addresses that would belong to no pool',
          services: orphans,
          kept: 'the last good one',
        })
      }
      this.#refusedText = text
      return
    }
    this.#configText = text
    this.#refusedText = ''
    this.#outputs.configuration(undefined)
    this.#log.info('config-loaded', { pools: [...parsed.config.pools.keys()] })
  }
}

/** MetalLB's words. */
const orphaned = (service: string): Problem => ({
  where: `Service/${service}`,
  path: '',
  message: 'new config not compatible with assigned IPs: its address would belong to no pool',
  transient: true,
})

function speakerPod(pod: KubeObject): SpeakerPod | undefined {
  const parsed = Pod.safeParse(pod)
  if (!parsed.success) return undefined
  const { spec, status } = parsed.data
  const ready = status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  return { name: pod.metadata.name, node: spec.nodeName, address: status.podIP, ready }
}

const bigints = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}` : value
