/**
 * One address as it changes hands: what this node does about it, and what it says to others. The words and
 * what they are for: handover.ts.
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

/**
 * - `none`: we do not answer for it, and need not;
 * - `mine`: we do, it is ours;
 * - `lame`: we still do, until another has it;
 * - `wanting`: ours by our reckoning, and another has been asked for it;
 * - `yielded`: ours by our reckoning, but another has taken it.
 */
export type Holding = 'none' | 'mine' | 'lame' | 'wanting' | 'yielded'

export type HandoverCount = 'given' | 'taken' | 'yielded' | 'expired'

/** What one address sees of this node and the others, and does to them. */
export interface Hands {
  readonly self: string
  /** This node goes: it takes nothing, and hands over what it has. */
  readonly leaving: boolean
  peer(name: string): Peer
  say(kind: HandoverMessage['kind'], to: string, ip: string): void
  count(what: HandoverCount): void
  /** It is held in another way than before. */
  changed(): void
}

interface Word {
  readonly from: string
  readonly at: number
}

export class HeldAddress {
  readonly #ip: string
  readonly #hands: Hands
  /** By our reckoning. */
  #owner: string | undefined
  #holding: Holding = 'none'
  /** Who is to have it, was asked for it, or has taken it. */
  #other: string | undefined
  /** Lame, wanting or yielded until then; and when to say `give` or `want` next. */
  #until = Infinity
  #againAt = Infinity
  #patienceMs = PATIENCE_MS
  #announced = false
  /** Who is to hear our `taken`, or has, if we have announced. */
  readonly #owed = new Set<string>()
  /** Number of the last word of each: what is older was overtaken. */
  readonly #heard = new Map<string, number>()
  #given: Word | undefined
  #taken: Word | undefined
  #giver: string | undefined

  constructor(ip: string, hands: Hands) {
    this.#ip = ip
    this.#hands = hands
  }

  get holding(): Holding {
    return this.#holding
  }

  /** Who gave what is ours; undefined: it was taken without. */
  get giver(): string | undefined {
    return this.#giver
  }

  get isAnswered(): boolean {
    return answers(this.#holding)
  }

  /** Another's as soon as it announces it. */
  get isLame(): boolean {
    return this.#holding === 'lame' || (this.#hands.leaving && this.#holding === 'mine')
  }

  /** The owner as it is reckoned now. */
  update(owner: string | undefined, now: number): void {
    const before = this.#owner
    this.#owner = owner
    for (const name of this.#heard.keys()) if (!this.#isOurs(name)) this.#heard.delete(name)
    if (owner === this.#hands.self) this.#gain(before, now)
    else this.#lose(now)
  }

  /** It is nobody's any more, or we were not there for a while and it may be another's. */
  drop(): void {
    this.#hold('none')
  }

  /** The neighbours have been told that it is here. */
  announced(): void {
    if (this.#holding !== 'mine' || this.#announced) return
    this.#announced = true
    for (const to of this.#owed) this.#say('taken', to)
  }

  /** Another has announced it on the segment, and our packet thread has fallen silent. */
  claimed(now: number): void {
    if (this.isLame) this.#silence(now)
  }

  heard({ kind, from, seq }: HandoverMessage, now: number): void {
    if (seq <= (this.#heard.get(from) ?? -1)) return
    if (this.#isOurs(from)) this.#heard.set(from, seq)
    if (kind === 'give') this.#hearGive(from, now)
    else if (kind === 'want') this.#hearWant(from, now)
    else this.#hearTaken(from, now)
  }

  /** When `tick` is wanted next; Infinity: not. */
  get deadline(): number {
    return this.#isWaiting ? Math.min(this.#until, this.#againAt) : Infinity
  }

  tick(now: number): void {
    if (!this.#isWaiting) return
    if (this.#until <= now) this.#expire()
    else if (this.#againAt <= now && this.#other !== undefined) {
      this.#say(this.#holding === 'wanting' ? 'want' : 'give', this.#other)
      this.#againAt = now + AGAIN_MS
    }
  }

  get #isWaiting(): boolean {
    return this.#holding !== 'none' && this.#holding !== 'mine'
  }

  #isOurs(name: string | undefined): name is string {
    return name !== undefined && this.#hands.peer(name) === 'ours'
  }

  #gain(before: string | undefined, now: number): void {
    const { self, leaving } = this.#hands
    if (leaving) return
    if (this.#holding === 'lame') {
      // It never fell silent, and the neighbours know. Asked for by one that lives: it may have it.
      if (before !== self || !this.#isOurs(this.#other)) this.#hold('mine')
      return
    }
    if (this.#holding === 'mine' || (this.#holding !== 'none' && this.#isOurs(this.#other))) return
    const given = this.#given
    const giver = given && now - given.at <= EARLY_MS ? given.from : undefined
    const owner = before === self ? undefined : before
    if (giver === undefined && this.#isOurs(owner)) {
      this.#hold('wanting')
      this.#until = now + WANT_MS
      this.#againAt = now + AGAIN_MS
      this.#other = owner
      this.#say('want', owner)
      return
    }
    this.#take(giver)
    this.#giver = giver
    if (owner !== undefined && (this.#isOurs(owner) || this.#hands.peer(owner) === 'left')) {
      this.#owed.add(owner)
    }
  }

  #lose(now: number): void {
    const owner = this.#owner
    const taken = this.#taken
    this.#patienceMs = PATIENCE_MS
    if (this.#holding === 'none') return
    const peer = owner === undefined ? 'gone' : this.#hands.peer(owner)
    if (this.#holding === 'lame' && this.#other === owner && peer === 'ours') return
    const silent = taken !== undefined && taken.from === owner && now - taken.at <= EARLY_MS
    if (!this.isAnswered || silent) return this.#hold('none')
    if (peer === 'ours' && owner !== undefined) this.#give(owner, now)
    else if (this.#hands.leaving && peer === 'foreign') {
      this.#hold('lame')
      this.#until = now + FOREIGN_MS
      this.#againAt = Infinity
      this.#other = undefined
    } else this.#hold('none')
  }

  #hearWant(from: string, now: number): void {
    if (!this.#isOurs(from)) return
    if (this.#holding === 'mine') this.#give(from, now)
    // Two that want it of each other: one must let the other.
    else if (this.#holding === 'wanting' && this.#other === from) {
      if (this.#hands.self > from) return
      this.#say('give', from)
      this.#yield(from, now)
    } else if (this.#holding !== 'lame' || this.#other === from) this.#say('give', from)
  }

  #hearGive(from: string, now: number): void {
    this.#taken = undefined
    if (this.#holding === 'mine' && this.#announced) this.#say('taken', from)
    else if (this.#holding === 'mine') this.#owed.add(from)
    // While yielded: two that agree; whoever took it before has passed it on.
    else if (this.#holding === 'wanting' || this.#holding === 'yielded') {
      this.#take(from)
      this.#giver = from
    } else this.#given = { from, at: now }
  }

  #hearTaken(from: string, now: number): void {
    this.#taken = { from, at: now }
    this.#given = undefined
    this.#other = from
    if (this.#holding === 'lame') return this.#silence(now)
    if (this.#holding !== 'mine' || !this.#isOurs(from)) return
    // Two that took it of each other: one must keep it.
    if (this.#owed.has(from) && this.#hands.self > from) return
    this.#hands.count('yielded')
    this.#yield(from, now)
  }

  #expire(): void {
    if (this.#holding === 'lame') {
      this.#hands.count('expired')
      // Whoever wanted it did not come for it.
      const stays = this.#owner === this.#hands.self && !this.#hands.leaving
      return this.#hold(stays ? 'mine' : 'none')
    }
    if (this.#holding === 'yielded') {
      this.#patienceMs = Math.min(2 * this.#patienceMs, MOST_PATIENCE_MS)
    }
    this.#take(this.#other)
  }

  #give(to: string, now: number): void {
    // A deadline that runs goes on: it is for how long the node may answer at all.
    if (this.#holding !== 'lame') this.#until = now + PATIENCE_MS
    this.#againAt = now + AGAIN_MS
    this.#other = to
    this.#owed.clear()
    this.#hold('lame')
    this.#hands.count('given')
    this.#say('give', to)
  }

  /** What it gave is taken. */
  #silence(now: number): void {
    const { self, leaving } = this.#hands
    const other = this.#other
    if (this.#owner === self && !leaving && other !== undefined) this.#yield(other, now)
    else this.#hold('none')
  }

  #yield(to: string, now: number): void {
    this.#hold('yielded')
    this.#other = to
    this.#until = now + this.#patienceMs
    this.#againAt = Infinity
  }

  /** `from`: is to hear of it. */
  #take(from: string | undefined): void {
    this.#hands.count('taken')
    this.#hold('mine')
    this.#announced = false
    this.#giver = undefined
    this.#owed.clear()
    if (from !== undefined) this.#owed.add(from)
    this.#given = undefined
    this.#taken = undefined
  }

  #hold(holding: Holding): void {
    if (this.#holding !== holding) this.#hands.changed()
    this.#holding = holding
  }

  #say(kind: HandoverMessage['kind'], to: string): void {
    this.#hands.say(kind, to, this.#ip)
  }
}

const answers = (holding: Holding): boolean => holding === 'mine' || holding === 'lame'
