/**
 * Keeps what is told again and again from flooding the cluster, by the numbers of client-go's
 * EventCorrelator (tools/record/events_cache.go). Pure: time is an argument.
 */

/** More messages than this of one reason on one object, within the window, are told as one event. */
const SIMILAR = 10
const WINDOW_MS = 600_000
/** Events on one object: so many at once, then one each five minutes. */
const BURST = 25
const REFILL_MS = 300_000
/** Objects and reasons remembered; the least recently told is forgotten first. */
const REMEMBERED = 4096

export const COMBINED = '(combined from similar events): '

export interface Verdict {
  /** Events of one key are one event, whose count goes up. */
  readonly key: string
  readonly message: string
}

interface Family {
  readonly messages: Set<string>
  last: number
}

interface Bucket {
  tokens: number
  last: number
}

export class EventCorrelator {
  readonly #families = new Map<string, Family>()
  readonly #buckets = new Map<string, Bucket>()

  /** Undefined: not to be told at all. `subject` names the object, `reason` with its type. */
  judge(subject: string, reason: string, message: string, now: number): Verdict | undefined {
    if (!this.#take(subject, now)) return undefined
    const key = [subject, reason].join('\0')
    const known = this.#families.get(key)
    const family =
      known && now - known.last < WINDOW_MS ? known : { messages: new Set<string>(), last: now }
    family.last = now
    remember(this.#families, key, family)
    if (family.messages.size >= SIMILAR && !family.messages.has(message)) {
      return { key, message: COMBINED + message }
    }
    family.messages.add(message)
    return { key: [key, message].join('\0'), message }
  }

  #take(subject: string, now: number): boolean {
    const bucket = this.#buckets.get(subject) ?? { tokens: BURST, last: now }
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.last) / REFILL_MS)
    bucket.last = now
    remember(this.#buckets, subject, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > REMEMBERED && oldest !== undefined) map.delete(oldest)
}
