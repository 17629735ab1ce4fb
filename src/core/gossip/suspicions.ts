/**
 * Running suspicions: each ends in a verdict unless refuted, sooner the more members confirm it.
 *
 * A refutation is gossip and may miss one member of many, or of three; memberlist's then gives up one
 * that lives. So whoever suspects also asks, again and again, itself and by way of another: one that answers
 * does not die of it.
 */
import type { Timers } from './timers.ts'
import { confirmationsWanted, suspicionMinMs, suspicionMs } from './formulas.ts'
import type { Profile } from './profiles.ts'
import { LATE_MS } from './waking.ts'

/** A suspect is asked this often. */
const ASK_MS = 500
/** Who has answered within this lives. Less than the shortest suspicion, of 4 s. */
const ANSWER_MS = 3000

interface Suspicion {
  startedAt: number
  answeredAt: number
  readonly wanted: number
  readonly minMs: number
  readonly maxMs: number
  readonly accusers: Set<string>
  readonly verdict: (now: number) => void
  confirmed: number
  cancel(): void
  cancelAsking(): void
}

export class Suspicions {
  readonly #profile: Profile
  readonly #timers: Timers
  readonly #ask: (member: string, now: number) => void
  readonly #running = new Map<string, Suspicion>()

  /** `ask` sends a suspect a ping with the accusation. */
  constructor(profile: Profile, timers: Timers, ask: (member: string, now: number) => void) {
    this.#profile = profile
    this.#timers = timers
    this.#ask = ask
  }

  /** `n`: members known. `verdict` is called when the time is over. */
  start(
    member: string,
    accuser: string,
    n: number,
    now: number,
    verdict: (now: number) => void,
  ): void {
    this.cancel(member)
    const { suspicionMult, suspicionMaxTimeoutMult, probeIntervalMs } = this.#profile
    const minMs = suspicionMinMs(suspicionMult, n, probeIntervalMs)
    const suspicion: Suspicion = {
      startedAt: now,
      answeredAt: -Infinity,
      wanted: confirmationsWanted(suspicionMult, n),
      minMs,
      maxMs: minMs * suspicionMaxTimeoutMult,
      accusers: new Set([accuser]),
      verdict,
      confirmed: 0,
      cancel: () => undefined,
      cancelAsking: () => undefined,
    }
    this.#running.set(member, suspicion)
    this.#arm(member, suspicion)
    this.#askLater(member, suspicion, now)
  }

  /** The suspect has answered when asked. */
  answered(member: string, now: number): void {
    const suspicion = this.#running.get(member)
    if (suspicion) suspicion.answeredAt = now
  }

  /** Returns true if the accuser is a new one and was still wanted: then the news is passed on. */
  confirm(member: string, accuser: string): boolean {
    const suspicion = this.#running.get(member)
    if (!suspicion || suspicion.confirmed >= suspicion.wanted) return false
    if (suspicion.accusers.has(accuser)) return false
    suspicion.accusers.add(accuser)
    suspicion.confirmed++
    suspicion.cancel()
    this.#arm(member, suspicion)
    return true
  }

  cancel(member: string): void {
    const suspicion = this.#running.get(member)
    suspicion?.cancel()
    suspicion?.cancelAsking()
    this.#running.delete(member)
  }

  #arm(member: string, suspicion: Suspicion): void {
    const { startedAt, confirmed, wanted, minMs, maxMs } = suspicion
    const at = startedAt + suspicionMs(confirmed, wanted, minMs, maxMs)
    suspicion.cancel = this.#timers.set(at, (now) => {
      // Who slept has not heard what the suspect said meanwhile.
      const slept = now - at > LATE_MS
      if (slept || now - suspicion.answeredAt <= ANSWER_MS) {
        suspicion.startedAt = now
        return this.#arm(member, suspicion)
      }
      this.cancel(member)
      suspicion.verdict(now)
    })
  }

  #askLater(member: string, suspicion: Suspicion, now: number): void {
    suspicion.cancelAsking = this.#timers.set(now + ASK_MS, (at) => {
      this.#ask(member, at)
      this.#askLater(member, suspicion, at)
    })
  }
}
