/** Keeps a Reflection true: lists, watches, resumes, and tries again for as long as it is wanted. */
import type { Clock } from '../../ports/clock.ts'
import { ApiError, retryMs } from '../../ports/cluster.ts'
import type { KubeMeta, KubeObject, Scope } from '../../ports/cluster.ts'
import { pause } from '../pause.ts'
import type { ApiTrouble } from './api-trouble.ts'
import type { Call, Http } from './http.ts'
import { collectionPath } from './paths.ts'
import { backOffMs } from './reflection.ts'
import type { Reflection, WatchEvent } from './reflection.ts'

const PAGE = 500
/** The server ends a watch after this. */
const WATCH_SECONDS = 300

export interface ReflectorDeps {
  readonly http: Http
  readonly clock: Clock
  readonly trouble: ApiTrouble
}

export class Reflector {
  readonly #deps: ReflectorDeps
  readonly #scope: Scope
  readonly #signal: AbortSignal
  readonly #reflection: Reflection
  readonly #name: string

  constructor(deps: ReflectorDeps, reflection: Reflection, scope: Scope, signal: AbortSignal) {
    this.#deps = deps
    this.#reflection = reflection
    this.#name = reflection.resource.plural
    this.#scope = scope
    this.#signal = signal
  }

  /** Resolves when the signal aborts. */
  async run(): Promise<void> {
    const { clock, trouble } = this.#deps
    let failures = 0
    const well = () => {
      failures = 0
      trouble.well(this.#name)
    }
    while (!this.#signal.aborted) {
      try {
        if (this.#reflection.listWanted) await this.#list()
        await this.#watch(well)
      } catch (error) {
        if (this.#signal.aborted) return
        failures++
        trouble.failed(this.#name, error)
        if (error instanceof ApiError) this.#reflection.failed(error.status)
        await pause(clock, retryMs(error, backOffMs(failures, Math.random())), this.#signal)
      }
    }
  }

  async #list(): Promise<void> {
    const items: KubeObject[] = []
    let next: string | undefined
    let resourceVersion: string
    this.#reflection.listing()
    do {
      const call = this.#call({ limit: PAGE, continue: next }, this.#signal)
      const page = (await this.#deps.http.call(call)) as ListPage
      items.push(...page.items.map(slim))
      next = page.metadata.continue || undefined
      resourceVersion = page.metadata.resourceVersion
    } while (next !== undefined)
    this.#reflection.listed(items, resourceVersion)
  }

  /** Watches until the server ends it or a list is wanted (resolves), or something fails (rejects). */
  async #watch(well: () => void): Promise<void> {
    const interrupted = new AbortController()
    this.#reflection.interrupt = () => interrupted.abort()
    if (this.#reflection.listWanted) return
    const { resourceVersion } = this.#reflection
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds: WATCH_SECONDS,
      resourceVersion,
    }
    const signal = AbortSignal.any([this.#signal, interrupted.signal])
    const startedAt = this.#deps.clock.now()
    let heardAny = false
    try {
      const lines = await this.#deps.http.lines({ ...this.#call(query, signal), signal })
      // It is open: whatever was wrong is over, even if nothing has happened since.
      well()
      for await (const line of lines) {
        if (signal.aborted) return
        heardAny = true
        this.#hear(JSON.parse(line) as WatchEvent)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
    if (!heardAny && !signal.aborted && this.#deps.clock.now() - startedAt < 1000) {
      throw new ApiError(0, '', 'the watch ended at once')
    }
  }

  #hear({ type, object }: WatchEvent): void {
    const next = this.#reflection.heard({ type, object: slim(object) })
    if (next === 'go-on') return
    const { code = 0, message = 'the watch ended with an error' } = object as Partial<Status>
    throw new ApiError(code, '', message)
  }

  #call(query: NonNullable<Call['query']>, signal: AbortSignal): Call {
    const { namespace, ...selectors } = this.#scope
    const path = collectionPath(this.#reflection.resource, namespace)
    return { method: 'GET', path, query: { ...selectors, ...query }, signal }
  }
}

interface ListPage {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly KubeObject[]
}

/** What the object of an ERROR is. */
interface Status {
  readonly code: number
  readonly message: string
}

/** managedFields are often half of an object, and nobody here reads them. */
function slim(object: KubeObject): KubeObject {
  delete (object.metadata as KubeMeta & { managedFields?: unknown }).managedFields
  return object
}
