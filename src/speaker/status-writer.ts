/** Keeps ServiceL2Status objects as status-plan.ts says, one call at a time for each Service. */
import { Trouble } from '../adapters/trouble.ts'
import { ApiError, keyOf, retryMs } from '../ports/cluster.ts'
import type { Cluster, Followed, KubeObject } from '../ports/cluster.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { SERVICE_L2_STATUSES } from '../ports/resources.ts'
import { newStatus, planStatus, serviceOf, statusFields } from './status-plan.ts'
import type { Announced, StatusCall } from './status-plan.ts'

const RETRY_MS = 1000

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
      if (before.get(key)?.interfaces.join() !== entry.interfaces.join()) this.#touch(key)
    }
    for (const key of before.keys()) if (!announced.has(key)) this.#touch(key)
  }

  #touch(service: string): void {
    if (this.#busy.has(service)) this.#again.add(service)
    else void this.#settle(service)
  }

  async #settle(service: string): Promise<void> {
    this.#busy.add(service)
    try {
      do {
        this.#again.delete(service)
        for (const call of this.#plan(service)) await this.#perform(call)
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
    return planStatus(this.#options.self, this.#announced.get(service), [...objects.values()])
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
    const status = statusFields(self, announced)
    try {
      const ref = { namespace, name: object.metadata.name }
      const written = await this.#cluster.patch(
        SERVICE_L2_STATUSES,
        ref,
        { status },
        { subresource: 'status' },
      )
      const unheard = this.#unheard.get(announced.service)
      if (unheard?.has(keyOf(object))) unheard.set(keyOf(object), written)
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
