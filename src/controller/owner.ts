/**
 * The Deployment that the controllers are of. What they make for themselves belongs to it, so that it goes
 * when Bellwether is removed; what was there already stays whosever it is.
 */
import { pause } from '../adapters/pause.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { DEPLOYMENTS } from '../ports/resources.ts'

const RETRY_MS = 2000

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly blockOwnerDeletion: boolean
}

export class Owner {
  readonly #cluster: Pick<Cluster, 'get'>
  readonly #log: Log
  readonly #namespace: string
  readonly #deployment: string
  #known: readonly OwnerReference[] = []

  /** `deployment`: its name; '' where there is none. */
  constructor(cluster: Pick<Cluster, 'get'>, log: Log, namespace: string, deployment: string) {
    this.#cluster = cluster
    this.#log = log
    this.#namespace = namespace
    this.#deployment = deployment
  }

  /** Looks as soon as the API server answers, so that the owner is known even when it is gone. */
  async learn(clock: Clock, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        return void (await this.references())
      } catch {
        // Of an API server that is away everybody else tells.
        await pause(clock, RETRY_MS, stop)
      }
    }
  }

  /**
   * `metadata.ownerReferences` of an object that is about to be made. Where the Deployment is gone, those of
   * before: what is made while everything is removed goes as well. None where it may not be read.
   * Rejects where the API server does not answer.
   */
  async references(): Promise<readonly OwnerReference[]> {
    const [namespace, name] = [this.#namespace, this.#deployment]
    if (name === '') return []
    try {
      const { metadata } = await this.#cluster.get(DEPLOYMENTS, { namespace, name })
      const { uid = '' } = metadata
      const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid }
      this.#known = [{ ...reference, blockOwnerDeletion: false }]
    } catch (error) {
      const cannot = error instanceof ApiError && [401, 403, 404].includes(error.status)
      if (!cannot) throw error
      if (this.#known.length === 0) this.#log.debug('owner-unknown', { deployment: name, error })
    }
    return this.#known
  }
}
