/** The cluster as a term may use it: it follows what is warm, and no write leaves after the term. */
import { ApiError } from '../ports/cluster.ts'
import type {
  Change,
  Cluster,
  FollowScope,
  Followed,
  KubeObject,
  NewObject,
  Ref,
  Resource,
  Scope,
} from '../ports/cluster.ts'
import type { Term } from './leadership.ts'

/** `deposed`: not even sent. */
export type WriteResult = 'ok' | 'conflict' | 'failed' | 'deposed'

export interface Witness {
  /** A change was heard of. */
  updated(): void
  written(resource: string, result: WriteResult): void
}

export class TermCluster implements Cluster {
  readonly #cluster: Cluster
  readonly #follow: Cluster['follow']
  readonly #term: Pick<Term, 'holds'>
  readonly #witness: Witness

  constructor(
    cluster: Cluster,
    follow: Cluster['follow'],
    term: Pick<Term, 'holds'>,
    witness: Witness,
  ) {
    this.#cluster = cluster
    this.#follow = follow
    this.#term = term
    this.#witness = witness
  }

  follow(
    resource: Resource,
    scope: FollowScope,
    onChange: (change: Change, followed: Followed) => void,
    signal: AbortSignal,
  ): Followed {
    const heard = (change: Change, followed: Followed) => {
      if (change.kind !== 'synced') this.#witness.updated()
      onChange(change, followed)
    }
    return this.#follow(resource, scope, heard, signal)
  }

  get(resource: Resource, ref: Ref): Promise<KubeObject> {
    return this.#cluster.get(resource, ref)
  }

  list(resource: Resource, scope: Scope): Promise<KubeObject[]> {
    return this.#cluster.list(resource, scope)
  }

  create(resource: Resource, object: NewObject): Promise<KubeObject> {
    return this.#write(resource, () => this.#cluster.create(resource, object))
  }

  update(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.#write(resource, () => this.#cluster.update(resource, object))
  }

  updateStatus(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.#write(resource, () => this.#cluster.updateStatus(resource, object))
  }

  patch(
    resource: Resource,
    ref: Ref,
    patch: object,
    options?: Parameters<Cluster['patch']>[3],
  ): Promise<KubeObject> {
    return this.#write(resource, () => this.#cluster.patch(resource, ref, patch, options))
  }

  delete(resource: Resource, ref: Ref): Promise<void> {
    return this.#write(resource, () => this.#cluster.delete(resource, ref))
  }

  /** Asks the clock, not the signal: who was stopped for a while has not heard of its end yet. */
  async #write<T>({ plural }: Resource, call: () => Promise<T>): Promise<T> {
    if (!this.#term.holds()) {
      this.#witness.written(plural, 'deposed')
      throw new ApiError(0, 'Deposed', 'not written: another controller may lead by now')
    }
    try {
      const result = await call()
      this.#witness.written(plural, 'ok')
      return result
    } catch (error) {
      const conflict = error instanceof ApiError && error.status === 409
      this.#witness.written(plural, conflict ? 'conflict' : 'failed')
      throw error
    }
  }
}
