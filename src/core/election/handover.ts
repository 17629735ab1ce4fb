/**
 * How an address changes hands between two speakers that live: the old owner goes on answering until the
 * new one says that it has announced it, so there is no gap, and nearly no time with two answers.
 *
 *   old: another is to own it ──give──▶ new: announces ──taken──▶ old: silent
 *
 * Either may be the first to know. The new one says `taken` to whom it believed the owner before, and
 * to whoever gave; the old one that hears `taken` before it knows why yields, and finds out later. From
 * the dead, and from or to members that are not ours, an address is taken as MetalLB does: at once.
 */
import type { HandoverMessage } from '../wire/handover.ts'

/** For how long an old owner answers for a new one that does not come: its API server may be slow. */
export const PATIENCE_MS = 3000
/** One that has yielded while it still reckons itself the owner takes it again after PATIENCE_MS, then
 * after twice that, and so on: where two never agree, connections are to break seldom. */
const MOST_PATIENCE_MS = 300_000
/** `give` again, in case it got lost. */
const AGAIN_MS = 50
/** A word that came before we knew what it is about still counts. */
const EARLY_MS = 5000
/** One that leaves answers this much longer where the next owner is not ours and says nothing. */
const FOREIGN_MS = 200

/** What is known of another member. `gone`: neither usable nor on its way out. */
export type Peer = 'ours' | 'foreign' | 'left' | 'gone'

interface Word {
  readonly from: string
  readonly at: number
}

interface Entry {
  /** By our reckoning. */
  owner: string | undefined
  /**
   * - `none`: we do not answer for it, and need not;
   * - `mine`: we do, it is ours;
   * - `lame`: we still do, until `other` has it;
   * - `yielded`: ours by our reckoning, but `other` has taken it.
   */
  holding: 'none' | 'mine' | 'lame' | 'yielded'
  other: string | undefined
  /** Lame, or yielded, until then; and when to say `give` next. */
  until: number
  patienceMs: number
  giveAt: number
  announced: boolean
  /** Who waits for our `taken`. */
  readonly owed: Set<string>
  /** Number of the last word of each: what is older was overtaken. */
  readonly heard: Map<string, number>
  given: Word | undefined
  taken: Word | undefined
}

export type HandoverCount = 'given' | 'taken' | 'yielded' | 'expired'

export interface HandoverResult {
  readonly send: readonly { readonly to: string; readonly message: HandoverMessage }[]
  /** True if `held` may be another than before. */
  readonly changed: boolean
}

export class Handover {
  /** Addresses handed over, by what happened. */
  readonly counts: Record<HandoverCount, number> = { given: 0, taken: 0, yielded: 0, expired: 0 }
  readonly #self: string
  readonly #peer: (name: string) => Peer
  readonly #entries = new Map<string, Entry>()
  /** By recipient and kind. */
  #send = new Map<string, { to: string; kind: HandoverMessage['kind']; ips: Set<string> }>()
  #changed = false
  #leaving = false
  #seq: number

  /** `seq`: higher than any this node has used before: the time in ms at start will do. */
  constructor(self: string, peer: (name: string) => Peer, seq: number) {
    this.#seq = seq
    this.#self = self
    this.#peer = peer
  }

  /** Addresses to answer for. */
  get held(): string[] {
    return [...this.#entries].flatMap(([ip, { holding }]) => (answers(holding) ? [ip] : []))
  }

  holding(ip: string): Entry['holding'] {
    return this.#entries.get(ip)?.holding ?? 'none'
  }

  /** The owners as they are reckoned now. What is not among them belongs to nobody any more. */
  update(owners: ReadonlyMap<string, string | undefined>, now: number): void {
    for (const [ip, entry] of this.#entries) {
      if (owners.has(ip)) continue
      this.#hold(entry, 'none')
      this.#entries.delete(ip)
    }
    for (const [ip, owner] of owners) {
      const entry = this.#entries.get(ip) ?? newEntry()
      this.#entries.set(ip, entry)
      const before = entry.owner
      entry.owner = owner
      for (const name of entry.heard.keys()) {
        if (this.#peer(name) !== 'ours') entry.heard.delete(name)
      }
      if (owner === this.#self) this.#gain(entry, before, now)
      else this.#lose(ip, entry, now)
    }
  }

  /** This node goes: from now on it takes nothing, and hands over what it has. */
  leave(): void {
    this.#leaving = true
  }

  /** We were not there for a while: what we held may be another's; reckon anew. */
  reset(): void {
    for (const entry of this.#entries.values()) this.#hold(entry, 'none')
  }

  /** The neighbours have been told that these are here. */
  announced(ips: readonly string[]): void {
    for (const ip of ips) {
      const entry = this.#entries.get(ip)
      if (!entry || !answers(entry.holding)) continue
      entry.announced = true
      if (entry.holding !== 'mine') continue
      for (const to of entry.owed) this.#say('taken', to, ip)
      entry.owed.clear()
    }
  }

  heard({ kind, from, seq, ips }: HandoverMessage, now: number): void {
    for (const ip of ips) {
      // Which addresses there are is known from the API, never from the wire.
      const entry = this.#entries.get(ip)
      if (!entry || seq <= (entry.heard.get(from) ?? -1)) continue
      if (this.#peer(from) === 'ours') entry.heard.set(from, seq)
      if (kind === 'give') this.#given(ip, entry, from, now)
      else this.#taken(entry, from, now)
    }
  }

  /** When `tick` is wanted next. */
  nextDeadline(): number | undefined {
    let earliest: number | undefined
    for (const { holding, until, giveAt } of this.#entries.values()) {
      if (holding !== 'lame' && holding !== 'yielded') continue
      const at = Math.min(until, giveAt)
      if (earliest === undefined || at < earliest) earliest = at
    }
    return earliest
  }

  tick(now: number): void {
    for (const [ip, entry] of this.#entries) {
      const { holding, other } = entry
      if (holding === 'yielded' && entry.until <= now) {
        entry.patienceMs = Math.min(2 * entry.patienceMs, MOST_PATIENCE_MS)
        this.#take(entry)
        if (other !== undefined) entry.owed.add(other)
      }
      if (holding !== 'lame') continue
      if (entry.until <= now) {
        this.counts.expired++
        this.#hold(entry, 'none')
      } else if (entry.giveAt <= now && other !== undefined) {
        this.#say('give', other, ip)
        entry.giveAt = now + AGAIN_MS
      }
    }
  }

  /** What is to be done since the last call. */
  drain(): HandoverResult {
    const send = [...this.#send.values()].map(({ to, kind, ips }) => ({
      to,
      message: { kind, from: this.#self, seq: ++this.#seq, ips: [...ips] },
    }))
    const changed = this.#changed
    this.#send = new Map()
    this.#changed = false
    return { send, changed }
  }

  #gain(entry: Entry, before: string | undefined, now: number): void {
    if (this.#leaving) return
    // It never fell silent, and the neighbours know.
    if (entry.holding === 'lame') return this.#hold(entry, 'mine')
    const taker = entry.holding === 'yielded' ? entry.other : undefined
    if (entry.holding === 'mine' || (taker !== undefined && this.#peer(taker) === 'ours')) return
    this.#take(entry)
    const { given } = entry
    if (given && now - given.at <= EARLY_MS) entry.owed.add(given.from)
    const peer = before === undefined || before === this.#self ? 'gone' : this.#peer(before)
    if (before !== undefined && (peer === 'ours' || peer === 'left')) entry.owed.add(before)
  }

  #lose(ip: string, entry: Entry, now: number): void {
    const { owner, holding, taken } = entry
    entry.patienceMs = PATIENCE_MS
    if (holding === 'none') return
    const peer = owner === undefined ? 'gone' : this.#peer(owner)
    if (holding === 'lame' && entry.other === owner && peer === 'ours') return
    const silent = taken !== undefined && taken.from === owner && now - taken.at <= EARLY_MS
    if (holding === 'yielded' || silent) return this.#hold(entry, 'none')
    if (peer === 'ours') {
      this.#hold(entry, 'lame')
      entry.owed.clear()
      // A deadline that runs goes on: it is for how long the node may answer at all.
      entry.until = holding === 'lame' ? entry.until : now + PATIENCE_MS
      entry.giveAt = now + AGAIN_MS
      entry.other = owner
      this.counts.given++
      if (owner !== undefined) this.#say('give', owner, ip)
    } else if (this.#leaving && peer === 'foreign') {
      this.#hold(entry, 'lame')
      entry.until = now + FOREIGN_MS
      entry.giveAt = Infinity
      entry.other = undefined
    } else this.#hold(entry, 'none')
  }

  #given(ip: string, entry: Entry, from: string, now: number): void {
    const { holding, announced } = entry
    entry.taken = undefined
    if (holding === 'mine' && announced) this.#say('taken', from, ip)
    else if (holding === 'mine') entry.owed.add(from)
    else if (holding === 'yielded') {
      // Two that agree: whoever took it before has passed it on.
      this.#take(entry)
      entry.owed.add(from)
    } else entry.given = { from, at: now }
  }

  #taken(entry: Entry, from: string, now: number): void {
    entry.taken = { from, at: now }
    entry.given = undefined
    if (entry.holding === 'lame') {
      this.#hold(entry, 'none')
      return
    }
    if (entry.holding !== 'mine' || this.#peer(from) !== 'ours') return
    this.counts.yielded++
    this.#hold(entry, 'yielded')
    entry.other = from
    entry.until = now + entry.patienceMs
    entry.giveAt = Infinity
  }

  #take(entry: Entry): void {
    this.counts.taken++
    this.#hold(entry, 'mine')
    entry.announced = false
    entry.owed.clear()
    entry.taken = undefined
  }

  #hold(entry: Entry, holding: Entry['holding']): void {
    if (answers(entry.holding) !== answers(holding)) this.#changed = true
    entry.holding = holding
  }

  #say(kind: HandoverMessage['kind'], to: string, ip: string): void {
    const key = `${kind} ${to}`
    const batch = this.#send.get(key) ?? { to, kind, ips: new Set() }
    this.#send.set(key, batch)
    batch.ips.add(ip)
  }
}

const answers = (holding: Entry['holding']): boolean => holding === 'mine' || holding === 'lame'

const newEntry = (): Entry => ({
  owner: undefined,
  holding: 'none',
  other: undefined,
  until: Infinity,
  patienceMs: PATIENCE_MS,
  giveAt: Infinity,
  announced: false,
  owed: new Set(),
  heard: new Map(),
  given: undefined,
  taken: undefined,
})
