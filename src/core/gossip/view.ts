/** What a member knows, for people: plain data, times as ages in ms. */
import type { UplinkState } from '../announce/uplinks.ts'
import { textOfIp } from '../net/ip.ts'
import type { GossipCounters } from './counters.ts'
import type { Finding } from './findings.ts'
import { isMarked, isSettled, uplinksOf } from './mark.ts'
import type { Member, MemberState, Members } from './members.ts'
import type { Watch } from './watch.ts'
import type { Watching } from './watched.ts'
import type { Witness } from './witness.ts'

export interface MemberView {
  readonly name: string
  /** `172.18.0.3:7946`. */
  readonly address: string
  readonly state: MemberState
  /** How long it has been in that state. */
  readonly stateMs: number
  readonly incarnation: number
  /** By its own mark: `ours` watches others, `memberlist` is such as MetalLB's speakers. */
  readonly kind: 'ours' | 'memberlist'
  /** May take back what it owned before (settling.ts). */
  readonly settled: boolean
  /** Interfaces that it says it cannot announce on, and why not; `*`: any. */
  readonly uplinks: Readonly<Record<string, UplinkState>>
  /** Of the dead: what is known of why. */
  readonly lost: string | undefined
  /** Since a datagram or a stream came from its address; undefined: never. */
  readonly heardMs: number | undefined
  /** The members that watch it. */
  readonly watchers: readonly string[]
  /** What this member knows as one of them; undefined: it is not. */
  readonly watching: Watching | undefined
}

export interface GossipView {
  readonly name: string
  readonly incarnation: number
  /** How unwell this member thinks it is; 0: well. */
  readonly score: number
  readonly members: readonly MemberView[]
  readonly counters: GossipCounters
  readonly findings: readonly Finding[]
}

export interface Viewed {
  readonly members: Members
  readonly witness: Witness
  /** Undefined: plain memberlist. */
  readonly watch: Watch | undefined
  readonly incarnation: number
  readonly score: number
  readonly findings: readonly Finding[]
}

export function viewOf(viewed: Viewed, now: number): GossipView {
  const { members, witness, incarnation, score, findings } = viewed
  return {
    name: members.self,
    incarnation,
    score,
    members: memberViews(viewed, now),
    counters: witness.counters,
    findings,
  }
}

/** All members by name, the lost ones too. */
function memberViews({ members, watch, witness }: Viewed, now: number): MemberView[] {
  const watched = watch?.watchers()
  const view = (member: Member): MemberView => {
    const { name, addr, port, state, changedAt, incarnation, meta } = member
    const ip = textOfIp(addr)
    const heardAt = witness.findings.heardAt(addr)
    return {
      name,
      address: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`,
      state,
      stateMs: Math.round(now - changedAt),
      incarnation,
      kind: isMarked(meta) ? 'ours' : 'memberlist',
      settled: isSettled(meta),
      uplinks: Object.fromEntries(uplinksOf(meta)),
      lost: member.lost,
      heardMs: heardAt === undefined ? undefined : Math.round(now - heardAt),
      watchers: watched?.get(name) ?? [],
      watching: watch?.view(name, now),
    }
  }
  return members
    .all()
    .map(view)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
