/** Running suspicions: each ends in a verdict unless refuted, sooner the more members confirm it. */
import type { Timers } from './timers.ts'
import { confirmationsWanted, suspicionMinMs, suspicionMs } from './formulas.ts'
import type { Profile } from './profiles.ts'

interface Suspicion {
  readonly startedAt: number
  readonly wanted: number
  readonly minMs: number
  readonly maxMs: number
  readonly accusers: Set<string>
  readonly verdict: (now: number) => void
  confirmed: number
  cancel(): void
}

export class Suspicions {
  readonly #profile: Profile
  readonly #timers: Timers
  readonly #running = new Map<string, Suspicion>()

  constructor(profile: Profile, timers: Timers) {
    this.#profile = profile
    this.#timers = timers
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
      wanted: confirmationsWanted(suspicionMult, n),
      minMs,
      maxMs: minMs * suspicionMaxTimeoutMult,
      accusers: new Set([accuser]),
      verdict,
      confirmed: 0,
      cancel: () => undefined,
    }
    this.#running.set(member, suspicion)
    this.#arm(member, suspicion)
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
    this.#running.get(member)?.cancel()
    this.#running.delete(member)
  }

  #arm(member: string, suspicion: Suspicion): void {
    const { startedAt, confirmed, wanted, minMs, maxMs, verdict } = suspicion
    const at = startedAt + suspicionMs(confirmed, wanted, minMs, maxMs)
    suspicion.cancel = this.#timers.set(at, (now) => {
      this.#running.delete(member)
      verdict(now)
    })
  }
}
