/** Several kinds followed as one: `pass` is called once for each burst of changes, when all are listed. */
import type { Change, Cluster, FollowScope, Followed, Resource } from '../ports/cluster.ts'

export class Followers {
  readonly #cluster: Cluster
  readonly #signal: AbortSignal
  readonly #pass: () => void
  readonly #followed: Followed[] = []
  #scheduled = false

  constructor(cluster: Cluster, signal: AbortSignal, pass: () => void) {
    this.#cluster = cluster
    this.#signal = signal
    this.#pass = pass
  }

  /** True once every kind has been listed. */
  get synced(): boolean {
    return this.#followed.every(({ synced }) => synced)
  }

  follow(resource: Resource, scope: FollowScope, take: (change: Change) => void): Followed {
    const heard = (change: Change) => {
      take(change)
      this.#schedule()
    }
    const followed = this.#cluster.follow(resource, scope, heard, this.#signal)
    this.#followed.push(followed)
    return followed
  }

  /** At the end of this turn of the loop, for all that arrives in it. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.synced && !this.#signal.aborted) this.#pass()
    })
  }
}
