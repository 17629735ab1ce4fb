/**
 * Follows each kind once for as long as the process runs, for followers that come and go. One that comes
 * is told all that there is, listed after it came: what others wrote before is in it, even where a watch
 * has died in silence.
 */
import type {
  Change,
  Cluster,
  FollowScope,
  Followed,
  KubeObject,
  Resource,
} from '../ports/cluster.ts'

type OnChange = (change: Change, followed: Followed) => void

export class WarmCache {
  readonly #cluster: Pick<Cluster, 'follow'>
  readonly #signal: AbortSignal
  readonly #sources = new Map<string, Source>()

  /** `signal` ends it all. */
  constructor(cluster: Pick<Cluster, 'follow'>, signal: AbortSignal) {
    this.#cluster = cluster
    this.#signal = signal
  }

  /** It is followed, and has been listed. */
  knows(resource: Resource, scope: FollowScope): boolean {
    return this.#sources.get(keyOf(resource, scope))?.followed.synced ?? false
  }

  /** Keeps a kind ready for followers to come. */
  keep(resource: Resource, scope: FollowScope): Source {
    const key = keyOf(resource, scope)
    const source =
      this.#sources.get(key) ?? new Source(this.#cluster, resource, scope, this.#signal)
    this.#sources.set(key, source)
    return source
  }

  /** As Cluster.follow. */
  readonly follow: Cluster['follow'] = (resource, scope, onChange, signal) => {
    if (scope.keep === undefined) return this.keep(resource, scope).join(onChange, signal)
    // What is not remembered could not be told to whom comes later.
    const either = AbortSignal.any([signal, this.#signal])
    return this.#cluster.follow(resource, scope, onChange, either)
  }
}

const keyOf = ({ group, plural }: Resource, scope: FollowScope): string =>
  JSON.stringify([group, plural, scope])

/** One kind, and who follows it. */
class Source {
  readonly followed: Followed
  readonly #views = new Set<View>()

  constructor(
    cluster: Pick<Cluster, 'follow'>,
    resource: Resource,
    scope: FollowScope,
    signal: AbortSignal,
  ) {
    const tell = (change: Change) => this.#views.forEach((view) => view.tell(change))
    this.followed = cluster.follow(resource, scope, tell, signal)
  }

  join(onChange: OnChange, signal: AbortSignal): Followed {
    const view = new View(this.followed, onChange)
    void this.followed.refresh().then(() => {
      if (signal.aborted) return
      this.#views.add(view)
      signal.addEventListener('abort', () => this.#views.delete(view), { once: true })
      view.begin()
    })
    return view
  }
}

/** What one follower sees. */
class View implements Followed {
  readonly resource: Resource
  readonly objects: ReadonlyMap<string, KubeObject>
  synced = false
  readonly #source: Followed
  readonly #onChange: OnChange

  constructor(source: Followed, onChange: OnChange) {
    this.#source = source
    this.resource = source.resource
    this.objects = source.objects
    this.#onChange = onChange
  }

  get missing(): boolean {
    return this.#source.missing
  }

  begin(): void {
    for (const [key, object] of this.objects) this.tell({ kind: 'upsert', key, object })
    this.synced = true
    this.tell({ kind: 'synced' })
  }

  tell(change: Change): void {
    this.#onChange(change, this)
  }

  refresh(): Promise<void> {
    return this.#source.refresh()
  }
}
