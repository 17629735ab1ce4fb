/**
 * Events that people see by `kubectl describe`. The same thing said again counts up the event that is
 * there instead of making another one, and what is written too fast is written once.
 */
import type { Clock } from '../../ports/clock.ts'
import { ApiError } from '../../ports/cluster.ts'
import type { Cluster, KubeObject } from '../../ports/cluster.ts'
import type { Log } from '../../ports/log.ts'
import { EVENTS } from '../../ports/resources.ts'

export interface EventSubject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export type EventType = 'Normal' | 'Warning'

/** How many different events are remembered for counting up. */
const REMEMBERED = 4096
/** How many may wait to be written; what comes on top while the API is away is told in the log. */
const WAITING = 1000

interface Told {
  readonly name: string
  count: number
}

export class EventRecorder {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #log: Log
  readonly #component: string
  readonly #host: string
  readonly #told = new Map<string, Told>()
  /** One write at a time, in order: events are for reading, not for speed. */
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  /** `component`: `metallb-controller`, `metallb-speaker`. `host`: the node, or ''. */
  constructor(cluster: Cluster, clock: Clock, log: Log, component: string, host = '') {
    this.#cluster = cluster
    this.#clock = clock
    this.#log = log
    this.#component = component
    this.#host = host
  }

  record(subject: EventSubject, type: EventType, reason: string, message: string): void {
    const lost = (why: object) =>
      this.#log.warn('event-not-written', { reason, object: subject.name, message, ...why })
    if (this.#waiting >= WAITING) return lost({ waiting: this.#waiting })
    this.#waiting++
    this.#last = this.#last
      .then(() => this.#write(subject, type, reason, message))
      .catch((error: unknown) => lost({ error }))
      .finally(() => this.#waiting--)
  }

  /** Resolves when everything recorded so far was written or given up. */
  flush(): Promise<void> {
    return this.#last
  }

  async #write(
    subject: EventSubject,
    type: EventType,
    reason: string,
    message: string,
  ): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const key = [subject.uid, subject.name, type, reason, message].join('\0')
    const known = this.#told.get(key)
    if (known) {
      known.count++
      const ref = { namespace: subject.namespace, name: known.name }
      try {
        await this.#cluster.patch(EVENTS, ref, { count: known.count, lastTimestamp: now })
        return
      } catch (error) {
        // Events are kept for an hour: told again after that, it is a new one.
        if (!(error instanceof ApiError && error.status === 404)) throw error
      }
    }
    const created = await this.#cluster.create(EVENTS, {
      ...this.#body(subject, type, reason, message),
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    })
    this.#remember(key, created)
  }

  #body(subject: EventSubject, type: EventType, reason: string, message: string) {
    const { namespace, name } = subject
    // Names as client-go makes them: the object's, and the time in hexadecimal.
    const unique = Math.floor((performance.timeOrigin + this.#clock.now()) * 1e6).toString(16)
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: `${name}.${unique}` },
      involvedObject: subject,
      type,
      reason,
      message,
      source: { component: this.#component, ...(this.#host === '' ? {} : { host: this.#host }) },
      reportingComponent: this.#component,
      reportingInstance: this.#host,
    }
  }

  #remember(key: string, created: KubeObject): void {
    this.#told.delete(key)
    this.#told.set(key, { name: created.metadata.name, count: 1 })
    const [oldest] = this.#told.keys()
    if (this.#told.size > REMEMBERED && oldest !== undefined) this.#told.delete(oldest)
  }
}
