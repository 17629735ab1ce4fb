/**
 * What a take-over was, for people: when this node took an address, from whom, why, and for how long
 * nobody can have answered. It is told what was reckoned and done, after the announcement is on its way.
 */
import type { Cause } from '../gossip/watched.ts'
import type { Holding } from './handover.ts'

export const TAKEOVER_CAUSES = [
  /** Nobody had it. */
  'first',
  /** Given by its owner, which lives. */
  'handover',
  'speakerGone',
  'nodeGone',
  'speakerSilent',
  /** The owner said that it goes. */
  'left',
  /** The owner lives, but its interface is down. */
  'uplink',
  /** The owner is dead by the word of others. */
  'dead',
  'unknown',
] as const
export type TakeoverCause = (typeof TAKEOVER_CAUSES)[number]

export interface Takeover {
  readonly cause: TakeoverCause
  /** The owner before, if one is known. */
  readonly from?: string | undefined
  /**
   * The longest time in ms that nobody can have answered: since the old owner was last heard, or its
   * interface said to be down, until the first announcement. 0 where the old one answers until then;
   * absent where it is not known.
   */
  readonly outageMs?: number | undefined
}

/** A take-over that is over. */
export interface Taken extends Takeover {
  /** When it was taken, Unix time in ms. */
  readonly since: number
}

/** What became of the owner before, as it is known when its address is taken. */
export type Former =
  | {
      readonly kind: 'dead'
      readonly lost: Cause | undefined
      readonly heardAt?: number | undefined
    }
  | { readonly kind: 'left'; readonly answers: boolean; readonly heardAt?: number | undefined }
  | { readonly kind: 'down' | 'lives' | 'unknown' }

/** What the handover says of an address. */
export interface Holdings {
  holding(ip: string): Holding
  /** Who gave it, if it was given. */
  giver(ip: string): string | undefined
}

interface Entry {
  owner: string | undefined
  /** When that was first reckoned. */
  since: number
  /** The owner before. */
  before: string | undefined
  /** Another took it while it was ours by our reckoning. */
  disputed: boolean
  /** While this node has it. */
  taken: Taken | undefined
  /** The old owner may have answered until then; undefined: it is no outage, or it is over. */
  darkSince: number | undefined
}

export class Takeovers {
  readonly #self: string
  readonly #former: (name: string, ip: string) => Former
  readonly #entries = new Map<string, Entry>()
  #done: Takeover[] = []

  constructor(self: string, former: (name: string, ip: string) => Former) {
    this.#self = self
    this.#former = former
  }

  /**
   * How all addresses stand now; others are forgotten. `unixMs`: the same moment as `now`. It is called for
   * each word of gossip, so nothing is allocated for an address of which there is nothing new.
   */
  note(
    owners: ReadonlyMap<string, string | undefined>,
    holdings: Holdings,
    now: number,
    unixMs: number,
  ): void {
    for (const ip of this.#entries.keys()) if (!owners.has(ip)) this.#entries.delete(ip)
    for (const [ip, owner] of owners) {
      const entry = this.#entryOf(ip, owner, now)
      const holding = holdings.holding(ip)
      const answers = holding === 'mine' || holding === 'lame'
      if (holding === 'yielded') entry.disputed = true
      if (owner !== this.#self ? !answers : holding === 'yielded') entry.taken = undefined
      if (owner === this.#self && answers && !entry.taken) {
        this.#take(ip, entry, holdings.giver(ip), unixMs)
      }
    }
  }

  /** The neighbours have been told that these are here. */
  announced(ips: readonly string[], now: number): void {
    for (const ip of ips) {
      const entry = this.#entries.get(ip)
      if (!entry?.taken || entry.darkSince === undefined) continue
      const outageMs = Math.max(0, Math.round(now - entry.darkSince))
      entry.taken = { ...entry.taken, outageMs }
      entry.darkSince = undefined
      this.#done.push(entry.taken)
    }
  }

  /** What is known of the take-over of an address that this node has; undefined: it is not over. */
  of(ip: string): Taken | undefined {
    const entry = this.#entries.get(ip)
    return entry?.darkSince === undefined ? entry?.taken : undefined
  }

  /** For how long, in ms, it has been reckoned to belong to whom it does. */
  ageMs(ip: string, now: number): number | undefined {
    const entry = this.#entries.get(ip)
    return entry && Math.round(now - entry.since)
  }

  /** Those that are over since the last call. */
  drain(): readonly Takeover[] {
    const done = this.#done
    this.#done = []
    return done
  }

  #entryOf(ip: string, owner: string | undefined, now: number): Entry {
    const known = this.#entries.get(ip)
    if (known) {
      if (owner !== known.owner) {
        Object.assign(known, { owner, since: now, before: known.owner, disputed: false })
      }
      return known
    }
    const entry = {
      owner,
      since: now,
      before: undefined,
      disputed: false,
      taken: undefined,
      darkSince: undefined,
    }
    this.#entries.set(ip, entry)
    return entry
  }

  #take(ip: string, entry: Entry, giver: string | undefined, unixMs: number): void {
    const from = giver ?? entry.before
    const { darkSince, ...takeover } = this.#judge(ip, entry, from, giver !== undefined)
    entry.taken = { ...takeover, since: Math.round(unixMs) }
    entry.darkSince = darkSince
    if (darkSince === undefined) this.#done.push(entry.taken)
  }

  #judge(
    ip: string,
    { since, disputed }: Entry,
    from: string | undefined,
    given: boolean,
  ): Takeover & { readonly darkSince?: number | undefined } {
    // Whoever took it is not known, and the owner before that is none any more.
    if (disputed && !given) return { cause: 'unknown' }
    if (from === undefined) return { cause: 'first' }
    const former = this.#former(from, ip)
    switch (former.kind) {
      case 'dead':
        return { cause: former.lost ?? 'dead', from, darkSince: former.heardAt }
      case 'left':
        if (former.answers) return { cause: 'left', from, outageMs: 0 }
        return { cause: 'left', from, darkSince: former.heardAt }
      case 'down':
        return { cause: 'uplink', from, darkSince: since }
      case 'lives':
        return given ? { cause: 'handover', from, outageMs: 0 } : { cause: 'unknown', from }
      case 'unknown':
        return { cause: 'unknown', from }
    }
  }
}

const WORDS: Readonly<Record<TakeoverCause, string>> = {
  first: 'nobody had it',
  handover: 'handed over',
  speakerGone: 'its speaker is gone',
  nodeGone: 'the node or its cable is gone',
  speakerSilent: 'its speaker does not answer',
  left: 'its speaker stopped',
  uplink: 'its interface is down',
  dead: 'others lost it',
  unknown: 'it is not known why',
}

/** As it is read from a status; the causes of other versions among them. */
export interface TakeoverTold {
  readonly cause: string
  readonly from?: string | undefined
  readonly outageMs?: number | undefined
}

/** In a few words: `taken from w1 (its speaker is gone), 130 ms without an answer at most`. */
export function takeoverWords({ cause, from, outageMs }: TakeoverTold): string {
  const words = isCause(cause) ? WORDS[cause] : cause
  if (from === undefined) return words
  if (cause === 'handover') return `handed over by ${from}`
  const outage = outageMs ? `, ${outageMs} ms without an answer at most` : ''
  return `taken from ${from} (${words})${outage}`
}

const isCause = (text: string): text is TakeoverCause => Object.hasOwn(WORDS, text)

/** What `takeoverWords` says, read again; undefined: other words. An outage of 0 is not in them. */
export function readTakeover(words: string): TakeoverTold | undefined {
  const giver = /^handed over by (\S+)$/.exec(words)?.[1]
  if (giver !== undefined) return { cause: 'handover', from: giver }
  const taken = /^taken from (\S+) \((.*)\)(?:, (\d+) ms without an answer at most)?$/.exec(words)
  const [cause] = TAKEOVER_CAUSES.filter((it) => WORDS[it] === (taken?.[2] ?? words))
  if (cause === undefined) return undefined
  return {
    cause,
    ...(taken?.[1] !== undefined && { from: taken[1] }),
    ...(taken?.[3] !== undefined && { outageMs: Number(taken[3]) }),
  }
}
