/**
 * Addresses of Services that are gone, kept for their names for a while where the pool says so
 * (bellwether.io/keep-addresses): a Service made again has them back.
 */
import type { Holding, Ledger } from './ledger.ts'

/** Of one pool; the one that would be given up first goes when there are more. */
export const MOST_KEPT = 256

export class Keeper {
  readonly #ledger: Ledger
  #keepMs: ReadonlyMap<string, number> = new Map()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /**
   * `keepMs`: how long, by pool; pools that keep nothing are absent. Call it after new pools are set:
   * what is not to be kept any more is given up.
   */
  setTimes(keepMs: ReadonlyMap<string, number>): void {
    this.#keepMs = keepMs
    for (const holding of [...this.#ledger.kept.values()]) {
      const pool = this.#ledger.poolOf(holding.ips)?.name
      if (pool === undefined || !keepMs.has(pool)) this.#ledger.remove(holding.service)
      else if (pool !== holding.pool) this.#ledger.put({ ...holding, pool })
    }
  }

  /** The Service is gone. Returns true if something came free. `now`: ms since 1970. */
  depart(service: string, now: number): boolean {
    const holding = this.#ledger.get(service)
    if (!holding || holding.keptUntil !== undefined) return false
    const keepMs = this.#keepMs.get(holding.pool)
    if (keepMs === undefined) return this.#ledger.remove(service) !== undefined
    this.#ledger.put({ ...holding, keptUntil: now + keepMs })
    return this.#giveUpOverMany(holding.pool)
  }

  /**
   * Keeps again what was kept before a restart; not what somebody has, or no pool keeps, by now.
   * `until`: absent, if the Service went while nobody was looking.
   */
  recall(holding: Omit<Holding, 'keptUntil'>, now: number, until?: number): void {
    const keepMs = this.#keepMs.get(holding.pool)
    const { service, ips, sharing, pool } = holding
    if (keepMs === undefined || this.#ledger.get(service)) return
    if (this.#ledger.poolOf(ips)?.name !== pool) return
    if (ips.some((ip) => this.#ledger.conflict(ip, service, sharing) !== undefined)) return
    const keptUntil = Math.min(until ?? Infinity, now + keepMs)
    this.#ledger.put({ ...holding, keptUntil })
    this.#giveUpOverMany(pool)
  }

  /** What is kept for the name. */
  of(service: string): Holding | undefined {
    return this.#ledger.kept.get(service)
  }

  /** What the pool keeps: what is given up first comes first. */
  list(pool: string): readonly Holding[] {
    return [...this.#ledger.kept.values()].filter((holding) => holding.pool === pool).sort(byEnd)
  }

  /** Gives up what was kept long enough. Returns true if there was any. */
  expire(now: number): boolean {
    const due = [...this.#ledger.kept.values()].filter(({ keptUntil = 0 }) => keptUntil <= now)
    for (const { service } of due) this.#ledger.remove(service)
    return due.length > 0
  }

  /** When `expire` has something to do next. */
  get nextEnd(): number | undefined {
    return [...this.#ledger.kept.values()].sort(byEnd)[0]?.keptUntil
  }

  #giveUpOverMany(pool: string): boolean {
    const over = this.list(pool).slice(0, -MOST_KEPT)
    for (const { service } of over) this.#ledger.remove(service)
    return over.length > 0
  }
}

function byEnd(a: Holding, b: Holding): number {
  return (a.keptUntil ?? 0) - (b.keptUntil ?? 0) || (a.service < b.service ? -1 : 1)
}
