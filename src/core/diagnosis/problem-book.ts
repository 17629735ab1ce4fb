/**
 * Which problems stand, and what of it is to be told: once when they appear or change, once when they
 * are over. What comes and goes by the second neither appears again and again nor is over between.
 */
import { RESOLVED, messageOf } from './problems.ts'
import type { Problem, ProblemReason } from './problems.ts'

/** Not seen for this long it is over. */
const GONE_MS = 10_000
/** Whom it is about must be the same for this long: a fault hits several peers one after another. */
const SETTLE_MS = 3000
/** Between two messages of one reason that stands. */
const AGAIN_MS = 60_000

export interface Telling {
  readonly type: 'Warning' | 'Normal'
  /** A ProblemReason, with `Resolved` where it is over. */
  readonly reason: string
  readonly message: string
}

/** All that stands of one reason. */
export interface Standing {
  readonly reason: ProblemReason
  readonly message: string
  /** Whom it is about. */
  readonly about: readonly string[]
  /** Since the first of them. */
  readonly sinceMs: number
}

interface Entry {
  readonly problem: Problem
  readonly since: number
  seenAt: number
}

interface Told {
  /** Undefined: nothing yet. */
  message: string | undefined
  at: number
  /** What would be told now, and since when that is so. */
  next: string
  nextSince: number
}

export class ProblemBook {
  readonly #port: number
  /** By reason, then by whom it is about. */
  readonly #entries = new Map<ProblemReason, Map<string, Entry>>()
  readonly #told = new Map<ProblemReason, Told>()
  #now = 0

  /** `port`: of gossip, for messages. */
  constructor(port: number) {
    this.#port = port
  }

  /** `problems`: all that there are now. Returns what is to be told. Wants to be called every second. */
  update(problems: readonly Problem[], now: number): Telling[] {
    this.#now = now
    for (const problem of problems) this.#note(problem, now)
    const tellings: Telling[] = []
    for (const [reason, entries] of this.#entries) {
      for (const [about, { seenAt }] of entries) if (now - seenAt >= GONE_MS) entries.delete(about)
      const telling = this.#telling(reason, entries, now)
      if (telling) tellings.push(telling)
    }
    return tellings
  }

  /** What stands, told or about to be. */
  get standing(): Standing[] {
    return [...this.#entries].flatMap(([reason, entries]) => {
      const sorted = sort(entries)
      if (sorted.length === 0) return []
      return {
        reason,
        message: this.#message(entries),
        about: sorted.map(({ problem }) => problem.about),
        sinceMs: Math.round(this.#now - Math.min(...sorted.map(({ since }) => since))),
      }
    })
  }

  #note(problem: Problem, now: number): void {
    const { reason, about } = problem
    const entries = this.#entries.get(reason) ?? new Map<string, Entry>()
    this.#entries.set(reason, entries)
    const entry = entries.get(about)
    // What it was when it appeared stays: how it shows may change by the second.
    if (entry) entry.seenAt = now
    else entries.set(about, { problem, since: now, seenAt: now })
  }

  #telling(
    reason: ProblemReason,
    entries: ReadonlyMap<string, Entry>,
    now: number,
  ): Telling | undefined {
    const told = this.#told.get(reason)
    if (entries.size === 0) {
      this.#told.delete(reason)
      if (told?.message === undefined) return undefined
      return { type: 'Normal', reason: `${reason}Resolved`, message: RESOLVED[reason] }
    }
    const message = this.#message(entries)
    const state = told ?? { message: undefined, at: -Infinity, next: message, nextSince: now }
    this.#told.set(reason, state)
    if (state.next !== message) Object.assign(state, { next: message, nextSince: now })
    const settled = now - state.nextSince >= SETTLE_MS
    if (!settled || message === state.message || now - state.at < AGAIN_MS) return undefined
    Object.assign(state, { message, at: now })
    return { type: 'Warning', reason, message }
  }

  #message(entries: ReadonlyMap<string, Entry>): string {
    return messageOf(
      sort(entries).map(({ problem }) => problem),
      this.#port,
    )
  }
}

const sort = (entries: ReadonlyMap<string, Entry>): Entry[] =>
  [...entries.values()].sort((a, b) => (a.problem.about < b.problem.about ? -1 : 1))
