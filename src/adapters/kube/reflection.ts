/**
 * What a reflector knows of one kind, and what each thing it hears changes. Pure and synchronous;
 * reflector.ts does the listening.
 */
import { keyOf } from '../../ports/cluster.ts'
import type { Change, Followed, KubeObject, Resource } from '../../ports/cluster.ts'

/** One line of a watch. */
export interface WatchEvent {
  readonly type: string
  readonly object: KubeObject
}

/** What to do after a line: go on, list again, or watch again. */
export type Next = 'go-on' | 'list' | 'watch'

export class Reflection implements Followed {
  readonly resource: Resource
  readonly objects = new Map<string, KubeObject>()
  synced = false
  missing = false
  /** Where to resume; '' means: list first. */
  resourceVersion = ''
  /** Set by who listens: ends the watch under way. */
  interrupt: () => void = () => undefined
  readonly #tell: (change: Change) => void
  readonly #keep: 'metadata' | undefined
  /** Who waits for a list: for one that is yet to begin, and for the one under way. */
  #waiting: (() => void)[] = []
  #answering: (() => void)[] = []

  constructor(
    resource: Resource,
    onChange: (change: Change, followed: Followed) => void,
    keep?: 'metadata',
  ) {
    this.resource = resource
    this.#keep = keep
    this.#tell = (change) => onChange(change, this)
  }

  refresh(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.interrupt()
    })
  }

  /** To be listed before it is watched (again). */
  get listWanted(): boolean {
    // Whoever waits for a list that failed waits for the next.
    return this.resourceVersion === '' || this.#waiting.length + this.#answering.length > 0
  }

  /** A list begins. */
  listing(): void {
    this.#answering.push(...this.#waiting.splice(0))
  }

  /** A complete list: only what differs from what was known is told. */
  listed(items: readonly KubeObject[], resourceVersion: string): void {
    const fresh = new Map(items.map((item) => [keyOf(item), item]))
    for (const [key, object] of [...this.objects]) {
      const successor = fresh.get(key)
      // Deleted, or deleted and made again under the same name: another object.
      if (!successor || successor.metadata.uid !== object.metadata.uid) this.#delete(key, object)
    }
    for (const [key, object] of fresh) this.#upsert(key, object)
    this.resourceVersion = resourceVersion
    this.synced = true
    this.missing = false
    this.#tell({ kind: 'synced' })
    for (const resolve of this.#answering.splice(0)) resolve()
  }

  heard({ type, object }: WatchEvent): Next {
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#upsert(keyOf(object), object)
        break
      case 'DELETED':
        this.#delete(keyOf(object), object)
        break
      case 'BOOKMARK':
        break
      case 'ERROR':
        return this.failed((object as { code?: number }).code ?? 0)
      default:
        return 'go-on'
    }
    this.resourceVersion = object.metadata.resourceVersion ?? this.resourceVersion
    return 'go-on'
  }

  /**
   * The watch was refused with an HTTP status, or ended with one. 410: the past is gone; 404: the kind is,
   * and when it comes back, it does without a past.
   */
  failed(status: number): Next {
    if (status === 404) this.missing = true
    if (status !== 410 && status !== 404) return 'watch'
    this.resourceVersion = ''
    return 'list'
  }

  #upsert(key: string, object: KubeObject): void {
    const known = this.objects.get(key)
    if (known?.metadata.resourceVersion === object.metadata.resourceVersion && known) return
    this.objects.set(key, this.#keep === 'metadata' ? { metadata: object.metadata } : object)
    this.#tell({ kind: 'upsert', key, object })
  }

  #delete(key: string, object: KubeObject): void {
    if (this.objects.delete(key)) this.#tell({ kind: 'delete', key, object })
  }
}

const FIRST_MS = 250
const CAP_MS = 5000

/** Wait before the `attempt`-th try in a row (from 1): doubling, capped, between half and whole. */
export const backOffMs = (attempt: number, random: number): number =>
  Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.5 + random / 2)
