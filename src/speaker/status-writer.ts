/** Keeps ServiceL2Status objects as status-plan.ts says, one call at a time for each Service. */
import pLimit from 'p-limit'
import { Trouble } from '../adapters/trouble.ts'
import { ApiError, keyOf, retryMs } from '../ports/cluster.ts'
import type { Cluster, Followed, KubeObject } from '../ports/cluster.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { SERVICE_L2_STATUSES } from '../ports/resources.ts'
import { newStatus, planStatus, serviceOf, statusFields } from './status-plan.ts'
import type { Announced, StatusCall } from './status-plan.ts'

const RETRY_MS = 1000
/** Services whose objects are written at the same time: many move at once when a node dies. */
const PARALLEL = 16
/** One that is deleted again and again, as by an owner beyond a partition, is made again ever later. */
const [PATIENCE_MS, MOST_PATIENCE_MS] = [1000, 60_000]

export interface StatusWriterOptions {
  readonly self: string
  readonly namespace: string
  /** ownerReference of this speaker's pod, so that the objects go with it. */
  owner(): Promise<object>
}

export class StatusWriter {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #trouble: Trouble
  readonly #options: StatusWriterOptions
  readonly #followed: Followed
  readonly #signal: AbortSignal
  #announced: ReadonlyMap<string, Announced> = new Map()
  /** Status objects by Service key, then by their own key. */
  readonly #byService = new Map<string, Map<string, KubeObject>>()
  /** When the object of a Service was made last, and how long it is not made anew after that. */
  readonly #made = new Map<string, { readonly at: number; readonly patienceMs: number }>()
  /** Nodes whose speaker is ready; undefined: not known. */
  #ready: ReadonlySet<string> | undefined
  /** Services that have an owner. */
  #owned: ReadonlySet<string> = new Set()
  readonly #limit = pLimit(PARALLEL)
  readonly #busy = new Set<string>()
  readonly #again = new Set<string>()
  /** Created here and not yet heard of by the watch: without this a second one would be made. */
  readonly #unheard = new Map<string, Map<string, KubeObject>>()

  constructor(
    cluster: Cluster,
    clock: Clock,
    log: Log,
    options: StatusWriterOptions,
    signal: AbortSignal,
  ) {
    this.#cluster = cluster
    this.#clock = clock
    this.#trouble = new Trouble(clock, log, 'status-write-failed', 'status-written-again')
    this.#options = options
    this.#signal = signal
    const scope = { namespace: options.namespace }
    this.#followed = cluster.follow(
      SERVICE_L2_STATUSES,
      scope,
      (change, followed) => {
        if (change.kind === 'synced') {
          for (const key of [...this.#announced.keys(), ...this.#byService.keys()]) this.#touch(key)
          return
        }
        const service = serviceOf(change.object)
        const objects = this.#byService.get(service) ?? new Map<string, KubeObject>()
        if (change.kind === 'upsert')
          this.#byService.set(service, objects.set(change.key, change.object))
        else if (objects.delete(change.key) && objects.size === 0) this.#byService.delete(service)
        this.#unheard.get(service)?.delete(change.key)
        if (followed.synced) this.#touch(service)
      },
      signal,
    )
  }

  get synced(): boolean {
    return this.#followed.synced
  }

  /** The whole of what this node announces, by Service key. */
  set(announced: ReadonlyMap<string, Announced>): void {
    const before = this.#announced
    this.#announced = announced
    if (!this.#followed.synced) return
    for (const [key, entry] of announced) {
      const old = before.get(key)
      const same =
        old?.interfaces.join() === entry.interfaces.join() &&
        old.taken?.since === entry.taken?.since &&
        old.conflict?.message === entry.conflict?.message
      if (!same) this.#touch(key)
    }
    for (const key of before.keys()) {
      if (announced.has(key)) continue
      this.#made.delete(key)
      this.#touch(key)
    }
  }

  /**
   * What is known of the others: nodes whose speaker is ready, by the API server, so that the other side
   * of a partition is not taken for lost; and Services that have an owner, who tidies up.
   */
  setOthers(ready: ReadonlySet<string>, owned: ReadonlySet<string>): void {
    this.#ready = ready
    this.#owned = owned
    if (!this.#followed.synced) return
    for (const service of this.#byService.keys()) {
      if (!owned.has(service) && this.#plan(service).length > 0) this.#touch(service)
    }
  }

  #touch(service: string): void {
    if (this.#busy.has(service)) {
      this.#again.add(service)
      return
    }
    this.#busy.add(service)
    void this.#limit(() => this.#settle(service))
  }

  async #settle(service: string): Promise<void> {
    try {
      do {
        this.#again.delete(service)
        for (const call of this.#plan(service)) {
          if (call.kind !== 'create' || this.#mayMake(service)) await this.#perform(call)
        }
        this.#trouble.over(service)
      } while (this.#again.has(service) && !this.#signal.aborted)
    } catch (error) {
      if (this.#signal.aborted) return
      this.#trouble.happened({ service, error }, service)
      this.#clock.after(
        retryMs(error, RETRY_MS),
        () => this.#signal.aborted || this.#touch(service),
      )
    } finally {
      this.#busy.delete(service)
    }
  }

  #plan(service: string): StatusCall[] {
    const objects = new Map([
      ...(this.#unheard.get(service) ?? []),
      ...(this.#byService.get(service) ?? []),
    ])
    const isLost = (node = '') =>
      this.#ready !== undefined && !this.#ready.has(node) && !this.#owned.has(service)
    const announced = this.#announced.get(service)
    return planStatus(this.#options.self, announced, [...objects.values()], isLost)
  }

  /** False: later. */
  #mayMake(service: string): boolean {
    const now = this.#clock.now()
    const last = this.#made.get(service)
    const waitMs = last ? last.at + last.patienceMs - now : 0
    if (waitMs > 0) {
      this.#clock.after(waitMs, () => this.#signal.aborted || this.#touch(service))
      return false
    }
    const again = last !== undefined && now - last.at < 2 * MOST_PATIENCE_MS
    const patienceMs = again ? Math.max(PATIENCE_MS, 2 * last.patienceMs) : 0
    this.#made.set(service, { at: now, patienceMs: Math.min(patienceMs, MOST_PATIENCE_MS) })
    return true
  }

  async #perform(call: StatusCall): Promise<void> {
    const { self, namespace } = this.#options
    switch (call.kind) {
      case 'create': {
        const owner = await this.#options.owner()
        const object = newStatus(self, namespace, call.announced, owner)
        const created = await this.#cluster.create(SERVICE_L2_STATUSES, object)
        const unheard = this.#unheard.get(call.announced.service) ?? new Map<string, KubeObject>()
        this.#unheard.set(call.announced.service, unheard.set(keyOf(created), created))
        return this.#writeFields(created, call.announced)
      }
      case 'update':
        return this.#writeFields(call.object, call.announced)
      case 'delete':
        return this.#delete(call.object)
    }
  }

  /** node and service are immutable once set: an object that carries others is replaced instead. */
  async #writeFields(object: KubeObject, announced: Announced): Promise<void> {
    const { namespace, self } = this.#options
    const status = statusFields(self, announced, object)
    try {
      const ref = { namespace, name: object.metadata.name }
      const written = await this.#cluster.patch(
        SERVICE_L2_STATUSES,
        ref,
        { status },
        { subresource: 'status' },
      )
      // Unless the watch has brought something else meanwhile, this is the newest there is.
      for (const known of [this.#unheard, this.#byService]) {
        const objects = known.get(announced.service)
        if (objects?.get(keyOf(object)) === object) objects.set(keyOf(object), written)
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // The watch tells of the deletion, and that plans anew.
      if (error.status === 404) this.#unheard.get(announced.service)?.delete(keyOf(object))
      else if (error.status === 422) await this.#delete(object)
      else throw error
    }
  }

  async #delete(object: KubeObject): Promise<void> {
    const ref = { namespace: this.#options.namespace, name: object.metadata.name }
    this.#unheard.get(serviceOf(object))?.delete(keyOf(object))
    try {
      await this.#cluster.delete(SERVICE_L2_STATUSES, ref)
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
  }
}
