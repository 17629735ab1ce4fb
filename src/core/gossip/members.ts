/**
 * What this node believes of each member, and how news changes it: the rules of alive, suspect and
 * dead (hashicorp/memberlist state.go). It decides; sending and timing are the node's.
 */
import type { Random } from '../random.ts'
import { sameBytes } from '../wire/memberlist/bytes.ts'
import type { Alive, Dead, Suspect } from '../wire/memberlist/messages.ts'
import type { Address } from './effects.ts'
import { plausibleVsn } from '../wire/memberlist/version.ts'

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left'

export interface Member {
  readonly name: string
  addr: Uint8Array
  port: number
  meta: Uint8Array
  vsn: Uint8Array
  incarnation: number
  state: MemberState
  /** When `state` last changed. */
  changedAt: number
  /** Of the dead: what is known of why, for people. */
  lost?: string
}

/** What a piece of news is to lead to. */
export type Verdict =
  | { readonly kind: 'ignore' }
  /** It is about us and wrong: to be refuted with an incarnation above this one. */
  | { readonly kind: 'refute'; readonly incarnation: number }
  | { readonly kind: 'conflict'; readonly member: Member }
  /** Believed, to be passed on. `updated`: it says something else of itself than before. */
  | {
      readonly kind: 'alive'
      readonly member: Member
      readonly before: MemberState
      readonly updated: boolean
    }
  | { readonly kind: 'suspect'; readonly member: Member }
  | { readonly kind: 'confirm'; readonly member: Member }
  | { readonly kind: 'dead'; readonly member: Member; readonly before: MemberState }

const IGNORE: Verdict = { kind: 'ignore' }
/** Names that are not members of this cluster cannot fill the memory. */
const MOST_MEMBERS = 10_000

export class Members {
  readonly self: string
  readonly #members = new Map<string, Member>()
  readonly #reclaimMs: number

  /** `reclaimMs`: `Profile.deadNodeReclaimMs`. */
  constructor(self: string, reclaimMs = 0) {
    this.self = self
    this.#reclaimMs = reclaimMs
  }

  get size(): number {
    return this.#members.size
  }

  get(name: string): Member | undefined {
    return this.#members.get(name)
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#members.values()
  }

  all(): Member[] {
    return [...this.#members.values()]
  }

  /** Alive and suspect: suspicion is no verdict yet. */
  usable(): Member[] {
    return this.all().filter(({ state }) => isUsable(state))
  }

  /** Forgets the dead and departed of longer than `ms`. */
  reap(now: number, ms: number): void {
    for (const member of this.all()) {
      const gone = member.state === 'dead' || member.state === 'left'
      if (gone && now - member.changedAt > ms) this.#members.delete(member.name)
    }
  }

  /** Up to `count` different ones of those that pass, by chance. */
  choose(count: number, random: Random, passes: (member: Member) => boolean): Member[] {
    const candidates = this.all().filter(passes)
    for (let i = 0; i < count && i < candidates.length; i++) {
      const j = i + Math.floor(random() * (candidates.length - i))
      const [a, b] = [candidates[i], candidates[j]]
      if (a && b) [candidates[i], candidates[j]] = [b, a]
    }
    return candidates.slice(0, count)
  }

  /** `bootstrap`: our own word about ourselves. */
  alive(news: Alive, now: number, leaving: boolean, bootstrap = false): Verdict {
    const isSelf = news.node === this.self
    if ((isSelf && leaving && !bootstrap) || !plausibleVsn(news.vsn)) return IGNORE
    let member = this.#members.get(news.node)
    if (!member && this.#members.size >= MOST_MEMBERS) return IGNORE
    const known = member !== undefined
    member ??= newMember(news, now)
    const moved = !sameBytes(member.addr, news.addr) || member.port !== news.port
    if (known && moved && !this.#mayMove(member, now)) return { kind: 'conflict', member }
    if (!isSelf && known && !moved && news.incarnation <= member.incarnation) return IGNORE
    if (isSelf && !bootstrap) {
      if (news.incarnation < member.incarnation) return IGNORE
      const same =
        news.incarnation === member.incarnation &&
        sameBytes(news.meta, member.meta) &&
        sameBytes(news.vsn, member.vsn)
      return same ? IGNORE : { kind: 'refute', incarnation: news.incarnation }
    }
    this.#members.set(news.node, member)
    const before = member.state
    const updated = !sameBytes(member.meta, news.meta)
    Object.assign(member, {
      addr: news.addr,
      port: news.port,
      meta: news.meta,
      // One that says nothing of versions leaves what is known.
      vsn: news.vsn.length >= 6 ? news.vsn : member.vsn,
      incarnation: news.incarnation,
    })
    change(member, 'alive', now)
    return { kind: 'alive', member, before, updated }
  }

  /** Who left may come back from elsewhere at once, who died after a while; who may be alive may not. */
  #mayMove({ state, changedAt }: Member, now: number): boolean {
    if (state === 'left') return true
    return state === 'dead' && this.#reclaimMs > 0 && now - changedAt > this.#reclaimMs
  }

  /** The node decides on 'confirm' whether the accuser is a new one. */
  suspect(news: Suspect, now: number): Verdict {
    const member = this.#members.get(news.node)
    if (!member || news.incarnation < member.incarnation) return IGNORE
    if (member.state === 'suspect') return { kind: 'confirm', member }
    if (member.state !== 'alive') return IGNORE
    if (news.node === this.self) return { kind: 'refute', incarnation: news.incarnation }
    member.incarnation = news.incarnation
    change(member, 'suspect', now)
    return { kind: 'suspect', member }
  }

  dead(news: Dead, now: number, leaving: boolean): Verdict {
    const member = this.#members.get(news.node)
    if (!member || news.incarnation < member.incarnation) return IGNORE
    if (member.state === 'dead' || member.state === 'left') return IGNORE
    if (news.node === this.self && !leaving) {
      return { kind: 'refute', incarnation: news.incarnation }
    }
    const before = member.state
    member.incarnation = news.incarnation
    // A member that says so of itself has left.
    change(member, news.from === news.node ? 'left' : 'dead', now)
    return { kind: 'dead', member, before }
  }
}

export const isUsable = (state: MemberState): boolean => state === 'alive' || state === 'suspect'

export const addressOf = ({ addr: ip, port }: Member): Address => ({ ip, port })

function newMember(news: Alive, now: number): Member {
  const { node: name, addr, port, meta, vsn } = news
  return { name, addr, port, meta, vsn, incarnation: 0, state: 'dead', changedAt: now }
}

function change(member: Member, state: MemberState, now: number): void {
  if (member.state === state) return
  member.state = state
  member.changedAt = now
}
