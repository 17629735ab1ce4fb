/**
 * Events that people see by `kubectl describe`. The same thing said again counts up the event that is
 * there instead of making another one, what is written too fast is written once, and what is said in a
 * loop is cut (event-correlator.ts).
 */
import type { Clock } from '../../ports/clock.ts'
import { ApiError, retryMs } from '../../ports/cluster.ts'
import type { Cluster } from '../../ports/cluster.ts'
import type { Log } from '../../ports/log.ts'
import { EVENTS } from '../../ports/resources.ts'
import { Trouble } from '../trouble.ts'
import { EventCorrelator } from './event-correlator.ts'

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
/** How many may wait to be written while the API is away. */
const WAITING = 1000
/** An event is tried this often, with growing pauses: about as long as the API may be away at an upgrade. */
const TRIES = 8
const RETRY_MS = 1000

interface Event {
  readonly key: string
  readonly subject: EventSubject
  readonly type: EventType
  readonly reason: string
  message: string
  /** How often it was said and not written yet. */
  times: number
}

interface Told {
  readonly name: string
  count: number
}

/** `rateLimited`: said in a loop; `queueFull`: too many wait; `notWritten`: refused or given up. */
export type DropReason = 'rateLimited' | 'queueFull' | 'notWritten'

export class EventRecorder {
  readonly dropped: Record<DropReason, number> = { rateLimited: 0, queueFull: 0, notWritten: 0 }
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #component: string
  readonly #host: string
  readonly #correlator = new EventCorrelator()
  readonly #trouble: Trouble
  readonly #waiting = new Map<string, Event>()
  readonly #told = new Map<string, Told>()
  #made = 0
  /** One write at a time, in order: events are for reading, not for speed. */
  #writing: Promise<void> | undefined

  /** `component`: `metallb-controller`, `metallb-speaker`. `host`: the node, or ''. */
  constructor(cluster: Cluster, clock: Clock, log: Log, component: string, host = '') {
    this.#cluster = cluster
    this.#clock = clock
    this.#trouble = new Trouble(clock, log, 'event-not-written', 'events-written-again')
    this.#component = component
    this.#host = host
  }

  /** How many events wait to be written. */
  get waiting(): number {
    return this.#waiting.size
  }

  record(subject: EventSubject, type: EventType, reason: string, message: string): void {
    const about = [subject.kind, subject.namespace, subject.name, subject.uid].join('\0')
    const verdict = this.#correlator.judge(about, `${type} ${reason}`, message, this.#clock.now())
    if (!verdict) return void this.dropped.rateLimited++
    const known = this.#waiting.get(verdict.key)
    if (known)
      return void Object.assign(known, { message: verdict.message, times: known.times + 1 })
    if (this.#waiting.size >= WAITING) {
      this.dropped.queueFull++
      return this.#trouble.happened({ reason, object: subject.name, message, waiting: WAITING })
    }
    this.#waiting.set(verdict.key, { ...verdict, subject, type, reason, times: 1 })
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined))
  }

  /** Resolves when everything recorded so far was written or given up. */
  async flush(): Promise<void> {
    await this.#writing
  }

  async #drain(): Promise<void> {
    for (;;) {
      const [event] = this.#waiting.values()
      if (!event) return
      this.#waiting.delete(event.key)
      await this.#deliver(event)
    }
  }

  async #deliver(event: Event): Promise<void> {
    const { reason, subject, message } = event
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#write(event)
        return this.#trouble.over()
      } catch (error) {
        this.#trouble.happened({ reason, object: subject.name, message, error })
        if (!isPassing(error) || attempt === TRIES) return void this.dropped.notWritten++
        const ms = retryMs(error, RETRY_MS * 2 ** (attempt - 1))
        await new Promise<void>((resolve) => this.#clock.after(ms, resolve))
      }
    }
  }

  async #write(event: Event): Promise<void> {
    const { key, subject, message, times } = event
    const lastTimestamp = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const known = this.#told.get(key)
    if (known) {
      const count = known.count + times
      const ref = { namespace: subject.namespace, name: known.name }
      try {
        await this.#cluster.patch(EVENTS, ref, { count, message, lastTimestamp })
        known.count = count
        return
      } catch (error) {
        // Events are kept for an hour: told again after that, it is a new one.
        if (!(error instanceof ApiError && error.status === 404)) throw error
      }
    }
    const created = await this.#cluster.create(EVENTS, {
      ...this.#body(event),
      firstTimestamp: lastTimestamp,
      lastTimestamp,
      count: times,
    })
    this.#remember(key, { name: created.metadata.name, count: times })
  }

  #body({ subject, type, reason, message }: Event) {
    const { namespace, name } = subject
    // Names as client-go makes them: the object's, and the time's nanoseconds in hexadecimal.
    const micros = Math.floor((performance.timeOrigin + this.#clock.now()) * 1000)
    const unique = (BigInt(micros) * 1000n + BigInt(this.#made++ % 1000)).toString(16)
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

  #remember(key: string, told: Told): void {
    this.#told.delete(key)
    this.#told.set(key, told)
    const [oldest] = this.#told.keys()
    if (this.#told.size > REMEMBERED && oldest !== undefined) this.#told.delete(oldest)
  }
}

/** No answer, too many requests, or an ill server: it may be well again soon. */
const isPassing = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500)
