/** Keeps a Reflection true: lists, watches, resumes, and tries again for as long as it is wanted. */
import { Watch } from '@kubernetes/client-node'
import type { KubeConfig } from '@kubernetes/client-node'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError } from '../../ports/cluster.ts'
import type { KubeMeta, KubeObject, Scope } from '../../ports/cluster.ts'
import type { Log } from '../../ports/log.ts'
import type { Http } from './http.ts'
import { collectionPath } from './paths.ts'
import { backOffMs } from './reflection.ts'
import type { Next, Reflection, WatchEvent } from './reflection.ts'

const PAGE = 500
/** The server ends a watch after this; it also sends bookmarks about once a minute. */
const WATCH_SECONDS = 300
/** Nothing at all for this long, not even a bookmark: the connection is taken for dead. */
const SILENCE_MS = 90_000

export class Reflector {
  readonly #http: Http
  readonly #watch: Watch
  readonly #log: Log
  readonly #scope: Scope
  readonly #signal: AbortSignal
  readonly #reflection: Reflection

  constructor(
    http: Http,
    config: KubeConfig,
    log: Log,
    reflection: Reflection,
    scope: Scope,
    signal: AbortSignal,
  ) {
    this.#http = http
    this.#watch = new Watch(config)
    // Its own limit is 30 s, half the time between two bookmarks: a quiet watch would be cut each
    // time. There is no setter; where the field is gone one day, watches are only cut more often.
    Object.assign(this.#watch, { requestTimeoutMs: SILENCE_MS })
    this.#log = log.child({ resource: reflection.resource.plural })
    this.#reflection = reflection
    this.#scope = scope
    this.#signal = signal
  }

  /** Resolves when the signal aborts. Trouble is told once when it begins and once when it ends. */
  async run(): Promise<void> {
    let attempt = 0
    const well = () => {
      if (attempt > 0) this.#log.info('api-back', { attempts: attempt })
      attempt = 0
    }
    while (!this.#signal.aborted) {
      try {
        if (this.#reflection.resourceVersion === '') await this.#list()
        await this.#follow(well)
        continue
      } catch (error) {
        if (this.#signal.aborted) return
        attempt++
        if (attempt === 1) this.#log.warn('api-away', { error: messageOf(error) })
        if (error instanceof ApiError) this.#reflection.failed(error.status)
      }
      await delay(backOffMs(attempt, Math.random()), undefined, { signal: this.#signal }).catch(
        (error: unknown) => {
          if (!this.#signal.aborted) throw error
        },
      )
    }
  }

  async #list(): Promise<void> {
    const { namespace, ...selectors } = this.#scope
    const path = collectionPath(this.#reflection.resource, namespace)
    const items: KubeObject[] = []
    let next: string | undefined
    let resourceVersion: string
    do {
      const query = { ...selectors, limit: PAGE, continue: next }
      const page = (await this.#http.call({
        method: 'GET',
        path,
        query,
        signal: this.#signal,
      })) as ListPage
      items.push(...page.items.map(slim))
      next = page.metadata.continue || undefined
      resourceVersion = page.metadata.resourceVersion
    } while (next !== undefined)
    this.#reflection.listed(items, resourceVersion)
  }

  /** Watches until the server ends it (resolves) or something fails (rejects). */
  async #follow(well: () => void): Promise<void> {
    const { namespace, ...selectors } = this.#scope
    const path = collectionPath(this.#reflection.resource, namespace)
    const query = {
      ...selectors,
      allowWatchBookmarks: true,
      timeoutSeconds: WATCH_SECONDS,
      resourceVersion: this.#reflection.resourceVersion,
    }
    const ended = Promise.withResolvers<void>()
    // It may end before anybody waits for it, or with nobody waiting any more.
    ended.promise.catch(() => undefined)
    let next: Next = 'go-on'
    let heardAny = false
    const take = (type: string, object: KubeObject) => {
      if (next !== 'go-on' || this.#signal.aborted) return
      if (!heardAny && type !== 'ERROR') well()
      heardAny = true
      next = this.#reflection.heard({ type, object: slim(object) } satisfies WatchEvent)
      if (next !== 'go-on') ended.reject(new ApiError(0, '', 'the watch ended with an error'))
    }
    const done = (error: unknown) => {
      // Silence is no failure yet: the next watch resumes where this one was, or fails at once.
      if (error instanceof Error && error.name !== 'TimeoutError') ended.reject(asApiError(error))
      else ended.resolve()
    }
    const started = performance.now()
    const request = await this.#watch.watch(path, query, take, done)
    const stop = () => {
      request.abort()
      ended.resolve()
    }
    if (this.#signal.aborted) return stop()
    this.#signal.addEventListener('abort', stop, { once: true })
    // The watch is open: whatever was wrong is over, even if nothing has happened since.
    if (!request.signal.aborted) well()
    try {
      await ended.promise
    } finally {
      this.#signal.removeEventListener('abort', stop)
      request.abort()
    }
    if (!heardAny && performance.now() - started < 1000) {
      throw new ApiError(0, '', 'the watch ended at once')
    }
  }
}

interface ListPage {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly KubeObject[]
}

/** managedFields are often half of an object, and nobody here reads them. */
function slim(object: KubeObject): KubeObject {
  delete (object.metadata as KubeMeta & { managedFields?: unknown }).managedFields
  return object
}

function asApiError(error: Error): ApiError {
  const { statusCode = 0 } = error as { statusCode?: number }
  return new ApiError(statusCode, '', error.message, { cause: error })
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
