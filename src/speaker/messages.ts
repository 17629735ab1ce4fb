/**
 * What crosses between the threads of a speaker:
 *
 *   main ──candidacies, join, leave──▶ gossip ──announce, ask────────────────▶ packet
 *   main ◀─────members, owners──────── gossip ◀─announced, claimed, carrier… ─ packet
 *   main ◀──────ready, interfaces, rivals, conflicts, counters──── packet
 *
 * Every message is plain data. Tables go as a whole, so a reader never sees half of one; the large ones
 * one at a time and with a rest in between (paced.ts), so that none piles up before a thread that is late.
 * Of candidacies and owners only the rows that changed cross (list-patch.ts); those at both ends have all.
 */
import type { Asked } from '../core/announce/decide.ts'
import type { GroupMembership } from '../core/announce/groups.ts'
import type { Rival, RivalKind } from '../core/announce/rivals.ts'
import type { Candidacy } from '../core/election/candidacy.ts'
import type { HandoverCount, Holding } from '../core/election/handover.ts'
import type { AnnouncedVip, Ownership } from '../core/election/owners.ts'
import type { Takeover, Taken } from '../core/election/takeover.ts'
import type { Finding } from '../core/gossip/findings.ts'
import type { GossipView } from '../core/gossip/view.ts'
import type { ListPatch } from './list-patch.ts'

export type { AnnouncedVip, Candidacy, GroupMembership, Ownership, Rival, Takeover, Taken }

export interface GossipThreadView extends GossipView {
  /** Addresses that changed hands (core/election/handover.ts). */
  readonly handovers: Readonly<Record<HandoverCount, number>>
  /** False: it slept, and asks others before it answers (assurance.ts). */
  readonly sure: boolean
}

/** Who owns an address, as people are told it. */
export interface OwnerView extends Ownership {
  /** Why that node: its place in the order of election, and what keeps those before it. */
  readonly why: string
  /** What this node does about it: see core/election/handover.ts. */
  readonly holding: Holding
  /** How this node took what it owns; undefined: not its own, or not announced yet. */
  readonly taken?: Taken | undefined
}

/** The same at the moment it is asked for. */
export interface OwnerNow extends OwnerView {
  /** For how long it has been that node's, in ms, as far as is known here. */
  readonly since: number | undefined
  /** Who would own it if that node were not there. */
  readonly next: string | undefined
}

export interface Member {
  readonly name: string
  /** Address and port text, `172.18.0.3:7946`. */
  readonly address: string
  readonly state: 'alive' | 'suspect'
}

export type MainToGossip =
  | { readonly kind: 'candidacies'; readonly candidacies: readonly Candidacy[] }
  /** Addresses of speaker pods; those that are members already are skipped. */
  | { readonly kind: 'join'; readonly addresses: readonly string[] }
  /** What is known of the cluster, for people: answered by 'view'. */
  | { readonly kind: 'view' }
  /** Who owns what at this moment: answered by 'ownersNow'. */
  | { readonly kind: 'ownersNow' }
  /** The keys from now on, the one that seals first. */
  | { readonly kind: 'keys'; readonly keys: readonly Uint8Array[] }
  /** 'owners' has been taken in. */
  | { readonly kind: 'ownersTaken' }
  /** Announce the leave, fall silent, answer 'left' within `timeoutMs`. */
  | { readonly kind: 'leave'; readonly timeoutMs: number }

export type GossipToMain =
  | { readonly kind: 'listening'; readonly address: string }
  /** The first round of joins is over: whoever could be reached knows of us. Sent once. */
  | { readonly kind: 'joined' }
  | { readonly kind: 'members'; readonly members: readonly Member[] }
  /** 'candidacies' have been reckoned with; the packet thread knows what came of it. */
  | { readonly kind: 'candidaciesTaken' }
  /**
   * The whole table, sent when it changes, but not before the last one was taken in: who owns each
   * candidacy (undefined: nobody).
   */
  | { readonly kind: 'owners'; readonly owners: readonly OwnerView[] }
  | { readonly kind: 'ownersNow'; readonly owners: readonly OwnerNow[] }
  /** Take-overs that are over, each told once. */
  | { readonly kind: 'takeovers'; readonly takeovers: readonly Takeover[] }
  /** `view` undefined: membership is off. */
  | { readonly kind: 'view'; readonly view: GossipThreadView | undefined }
  /** The whole list of what is wrong, sent when it changes. */
  | { readonly kind: 'findings'; readonly findings: readonly Finding[] }
  | { readonly kind: 'left' }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly event: string
      readonly fields: object
    }

/** As they cross. */
export type MainToGossipWire =
  | Exclude<MainToGossip, { kind: 'candidacies' }>
  | { readonly kind: 'candidacies'; readonly candidacies: ListPatch<Candidacy> }
export type GossipToMainWire =
  | Exclude<GossipToMain, { kind: 'owners' }>
  | { readonly kind: 'owners'; readonly owners: ListPatch<OwnerView> }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Sent by gossip (or by main where membership is off), always the whole table. */
export interface ToPacket {
  readonly kind: 'announce'
  readonly vips: readonly AnnouncedVip[]
  /** Those among them that are another's as soon as it announces them. */
  readonly lame: readonly string[]
  /**
   * Announce anew what is in the table already: a member came (back), so it may have told our
   * neighbours that the addresses are its own.
   */
  readonly again?: boolean
  /** Those among them that nobody has announced so far: they are asked for on the wire first. */
  readonly first?: readonly string[]
}

/** Sent by gossip: see segment.ts. Addresses are 4 or 16 bytes. */
export type ToSegment =
  /** This node's address: tell when the interface that has it loses its carrier or gets it back. */
  | { readonly kind: 'bound'; readonly ip: Uint8Array }
  /** Ask the kernel there, if it is on a segment with us, whether it lives. */
  | { readonly kind: 'ask'; readonly ip: Uint8Array }

/** To gossip. */
export type FromPacket =
  /** The neighbours have been told for the first time that these are here. */
  | { readonly kind: 'announced'; readonly ips: readonly string[] }
  /** Another has told them that these, which were lame, are there: they are no longer answered for. */
  | { readonly kind: 'claimed'; readonly ips: readonly string[] }
  /** The kernel there lives: it was asked a moment ago. */
  | { readonly kind: 'answered'; readonly ip: Uint8Array }
  /** Sent when it changes; at first it is taken for up. */
  | { readonly kind: 'carrier'; readonly up: boolean }
  /** Names of the interfaces that qualify now, sent when they change. */
  | { readonly kind: 'interfaces'; readonly names: readonly string[] }

export type MainToPacket =
  | { readonly kind: 'stop' }
  | { readonly kind: 'count' }
  /** Regular expressions of the interfaces on which nothing is announced, from now on. */
  | { readonly kind: 'exclude'; readonly patterns: readonly string[] }
  /** Addresses of the nodes that have speakers, as text: their MACs are no strangers'. */
  | { readonly kind: 'speakers'; readonly addresses: readonly string[] }

/** What to do about a stranger that uses an address of ours: docs/layer2.md. */
export type ConflictPolicy = 'tell' | 'defend' | 'yield'

export interface AnnounceOptions {
  /** See core/announce/gratuitous.ts; undefined: no refresh. */
  readonly refreshMs: number | undefined
  /** Announcements and probes, packets a second; Infinity: no bound. */
  readonly packetsPerSecond: number
  readonly conflict: ConflictPolicy
}

export type PacketToMain =
  /** Sockets are open. `wakeFd` is an eventfd: write 8 bytes to it after posting to the thread. */
  | { readonly kind: 'ready'; readonly wakeFd: number }
  /** Interfaces that qualify now, sent when they change. */
  | { readonly kind: 'interfaces'; readonly names: readonly string[] }
  /** Solicited-node groups that must be joined, by interface index: main does it by raw-socket. */
  | { readonly kind: 'groups'; readonly groups: readonly GroupMembership[] }
  /** Others use addresses of ours: people are to be told, or told that it is over. */
  | { readonly kind: 'rivals'; readonly alarms: readonly Rival[]; readonly gone: readonly Rival[] }
  /** All rivals that people are to know of now: strangers, and speakers that do not agree. Sent when they change. */
  | { readonly kind: 'conflicts'; readonly rivals: readonly Rival[] }
  | { readonly kind: 'counters'; readonly counters: PacketCounters }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly event: string
      readonly fields: object
    }

export interface PacketCounters {
  /** By VIP: MetalLB's metallb_layer2_* metrics. */
  readonly vips: readonly {
    readonly ip: string
    readonly requestsReceived: number
    readonly responsesSent: number
    readonly gratuitousSent: number
  }[]
  /** Frames not answered, by reason. */
  readonly drops: Readonly<Record<string, number>>
  /** Frames answered, by what was asked. */
  readonly answers: Readonly<Record<Asked, number>>
  /** Those that qualify now. */
  readonly interfaces: readonly { readonly name: string; readonly mac: string }[]
  /** Others that use addresses of ours now, and how many there have been. */
  readonly rivals: readonly Rival[]
  readonly rivalsFound: Readonly<Record<RivalKind, number>>
}
