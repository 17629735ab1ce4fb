/**
 * How an address changes hands between two speakers that live: the old owner goes on answering until the
 * new one has announced it, so there is no gap, and no time with two answers.
 *
 *   new: it is to own it ──want──▶ old ──give──▶ new: announces ──taken──▶ old: silent
 *
 * Either may be the first to know: an old owner that is gives unasked. One that has given is `lame`: on
 * the segment its packet thread falls silent at the announcement itself, since what was asked before
 * that is the old one's to answer and what is asked after it the new one's; `taken` is for where the
 * announcement is not heard, and goes to whom the new one believed the owner before, and to whoever
 * gave. An old one that hears it before it knows why yields, and finds out later. From the dead, and
 * from or to members that are not ours, an address is taken as MetalLB does: at once.
 */
import type { HandoverMessage } from '../wire/handover.ts'

/** For how long an old owner answers for a new one that does not come: its API server may be slow. */
export const PATIENCE_MS = 3000
/** One that has yielded while it still reckons itself the owner takes it again after PATIENCE_MS, then
 * after twice that, and so on: where two never agree, connections are to break seldom. */
const MOST_PATIENCE_MS = 300_000
/** `give`, or `want`, again, in case it got lost. */
const AGAIN_MS = 50
/** One that is asked answers at once; who does not is late, or does not know the word. */
export const WANT_MS = 200
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

export type Holding = 'none' | 'mine' | 'lame' | 'wanting' | 'yielded'

interface Entry {
  /** By our reckoning. */
  owner: string | undefined
  /**
   * - `none`: we do not answer for it, and need not;
   * - `mine`: we do, it is ours;
   * - `lame`: we still do, until `other` has it;
   * - `wanting`: ours by our reckoning, and `other` has been asked for it;
   * - `yielded`: ours by our reckoning, but `other` has taken it.
   */
  holding: Holding
  other: string | undefined
  /** Lame, wanting or yielded until then; and when to say `give` or `want` next. */
  until: number
  patienceMs: number
  againAt: number
  announced: boolean
  /** Who is to hear our `taken`, or has, if we have announced. */
  readonly owed: Set<string>
  /** Number of the last word of each: what is older was overtaken. */
  readonly heard: Map<string, number>
  given: Word | undefined
  taken: Word | undefined
  /** Who gave what is ours. */
  giver: string | undefined
}

export type HandoverCount = 'given' | 'taken' | 'yielded' | 'expired'

export interface HandoverResult {
  readonly send: readonly { readonly to: string; readonly message: HandoverMessage }[]
  /** True if something is held in another way than before. */
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

  /** Those among them that are another's as soon as it announces them. */
  get lame(): string[] {
    return [...this.#entries].flatMap(([ip, entry]) => (this.#isLame(entry) ? [ip] : []))
  }

  holding(ip: string): Holding {
    return this.#entries.get(ip)?.holding ?? 'none'
  }

  /** Who gave an address that is ours; undefined: it was taken without. */
  giver(ip: string): string | undefined {
    return this.#entries.get(ip)?.giver
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
      if (owner === this.#self) this.#gain(ip, entry, before, now)
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
      if (entry?.holding !== 'mine' || entry.announced) continue
      entry.announced = true
      for (const to of entry.owed) this.#say('taken', to, ip)
    }
  }

  /** Another has announced these on the segment, and our packet thread has fallen silent. */
  claimed(ips: readonly string[], now: number): void {
    for (const ip of ips) {
      const entry = this.#entries.get(ip)
      if (entry && this.#isLame(entry)) this.#silence(entry, now)
    }
  }

  heard({ kind, from, seq, ips }: HandoverMessage, now: number): void {
    for (const ip of ips) {
      // Which addresses there are is known from the API, never from the wire.
      const entry = this.#entries.get(ip)
      if (!entry || seq <= (entry.heard.get(from) ?? -1)) continue
      if (this.#peer(from) === 'ours') entry.heard.set(from, seq)
      if (kind === 'give') this.#given(ip, entry, from, now)
      else if (kind === 'want') this.#wanted(ip, entry, from, now)
      else this.#taken(entry, from, now)
    }
  }

  /** When `tick` is wanted next. */
  nextDeadline(): number | undefined {
    let earliest: number | undefined
    for (const { holding, until, againAt } of this.#entries.values()) {
      if (holding === 'none' || holding === 'mine') continue
      const at = Math.min(until, againAt)
      if (earliest === undefined || at < earliest) earliest = at
    }
    return earliest
  }

  tick(now: number): void {
    for (const [ip, entry] of this.#entries) {
      const { holding, other } = entry
      if (holding === 'none' || holding === 'mine') continue
      if (entry.until <= now) this.#expire(entry)
      else if (entry.againAt <= now && other !== undefined) {
        this.#say(holding === 'wanting' ? 'want' : 'give', other, ip)
        entry.againAt = now + AGAIN_MS
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

  #gain(ip: string, entry: Entry, before: string | undefined, now: number): void {
    if (this.#leaving) return
    const { holding, other, given } = entry
    const ours = (name: string | undefined) => name !== undefined && this.#peer(name) === 'ours'
    if (holding === 'lame') {
      // It never fell silent, and the neighbours know. Asked for by one that lives: it may have it.
      if (before !== this.#self || !ours(other)) this.#hold(entry, 'mine')
      return
    }
    if (holding === 'mine' || (holding !== 'none' && ours(other))) return
    const giver = given && now - given.at <= EARLY_MS ? given.from : undefined
    const owner = before === this.#self ? undefined : before
    if (giver === undefined && owner !== undefined && ours(owner)) {
      this.#hold(entry, 'wanting')
      entry.until = now + WANT_MS
      entry.againAt = now + AGAIN_MS
      entry.other = owner
      this.#say('want', owner, ip)
      return
    }
    this.#take(entry, giver)
    entry.giver = giver
    if (owner !== undefined && (ours(owner) || this.#peer(owner) === 'left')) entry.owed.add(owner)
  }

  #lose(ip: string, entry: Entry, now: number): void {
    const { owner, holding, taken } = entry
    entry.patienceMs = PATIENCE_MS
    if (holding === 'none') return
    const peer = owner === undefined ? 'gone' : this.#peer(owner)
    if (holding === 'lame' && entry.other === owner && peer === 'ours') return
    const silent = taken !== undefined && taken.from === owner && now - taken.at <= EARLY_MS
    if (!answers(holding) || silent) return this.#hold(entry, 'none')
    if (peer === 'ours' && owner !== undefined) this.#give(ip, entry, owner, now)
    else if (this.#leaving && peer === 'foreign') {
      this.#hold(entry, 'lame')
      entry.until = now + FOREIGN_MS
      entry.againAt = Infinity
      entry.other = undefined
    } else this.#hold(entry, 'none')
  }

  #wanted(ip: string, entry: Entry, from: string, now: number): void {
    const { holding, other } = entry
    if (this.#peer(from) !== 'ours') return
    if (holding === 'mine') this.#give(ip, entry, from, now)
    // Two that want it of each other: one must let the other.
    else if (holding === 'wanting' && other === from) {
      if (this.#self > from) return
      this.#say('give', from, ip)
      this.#yield(entry, from, now)
    } else if (holding !== 'lame' || other === from) this.#say('give', from, ip)
  }

  #given(ip: string, entry: Entry, from: string, now: number): void {
    const { holding, announced } = entry
    entry.taken = undefined
    if (holding === 'mine' && announced) this.#say('taken', from, ip)
    else if (holding === 'mine') entry.owed.add(from)
    // While yielded: two that agree; whoever took it before has passed it on.
    else if (holding === 'wanting' || holding === 'yielded') {
      this.#take(entry, from)
      entry.giver = from
    } else entry.given = { from, at: now }
  }

  #taken(entry: Entry, from: string, now: number): void {
    entry.taken = { from, at: now }
    entry.given = undefined
    entry.other = from
    if (entry.holding === 'lame') return this.#silence(entry, now)
    if (entry.holding !== 'mine' || this.#peer(from) !== 'ours') return
    // Two that took it of each other: one must keep it.
    if (entry.owed.has(from) && this.#self > from) return
    this.counts.yielded++
    this.#yield(entry, from, now)
  }

  #expire(entry: Entry): void {
    const { holding, other } = entry
    if (holding === 'lame') {
      this.counts.expired++
      // Whoever wanted it did not come for it.
      const stays = entry.owner === this.#self && !this.#leaving
      return this.#hold(entry, stays ? 'mine' : 'none')
    }
    if (holding === 'yielded') entry.patienceMs = Math.min(2 * entry.patienceMs, MOST_PATIENCE_MS)
    this.#take(entry, other)
  }

  #give(ip: string, entry: Entry, to: string, now: number): void {
    // A deadline that runs goes on: it is for how long the node may answer at all.
    entry.until = entry.holding === 'lame' ? entry.until : now + PATIENCE_MS
    entry.againAt = now + AGAIN_MS
    entry.other = to
    entry.owed.clear()
    this.#hold(entry, 'lame')
    this.counts.given++
    this.#say('give', to, ip)
  }

  #isLame({ holding }: Entry): boolean {
    return holding === 'lame' || (this.#leaving && holding === 'mine')
  }

  /** What it gave is taken. */
  #silence(entry: Entry, now: number): void {
    const { owner, other } = entry
    if (owner === this.#self && !this.#leaving && other !== undefined)
      this.#yield(entry, other, now)
    else this.#hold(entry, 'none')
  }

  #yield(entry: Entry, to: string, now: number): void {
    this.#hold(entry, 'yielded')
    entry.other = to
    entry.until = now + entry.patienceMs
    entry.againAt = Infinity
  }

  /** `from`: is to hear of it. */
  #take(entry: Entry, from: string | undefined): void {
    this.counts.taken++
    this.#hold(entry, 'mine')
    entry.announced = false
    entry.giver = undefined
    entry.owed.clear()
    if (from !== undefined) entry.owed.add(from)
    entry.given = undefined
    entry.taken = undefined
  }

  #hold(entry: Entry, holding: Holding): void {
    if (entry.holding !== holding) this.#changed = true
    entry.holding = holding
  }

  #say(kind: HandoverMessage['kind'], to: string, ip: string): void {
    const key = `${kind} ${to}`
    const batch = this.#send.get(key) ?? { to, kind, ips: new Set() }
    this.#send.set(key, batch)
    batch.ips.add(ip)
  }
}

const answers = (holding: Holding): boolean => holding === 'mine' || holding === 'lame'

const newEntry = (): Entry => ({
  owner: undefined,
  holding: 'none',
  other: undefined,
  until: Infinity,
  patienceMs: PATIENCE_MS,
  againAt: Infinity,
  announced: false,
  owed: new Set(),
  heard: new Map(),
  given: undefined,
  taken: undefined,
  giver: undefined,
})
