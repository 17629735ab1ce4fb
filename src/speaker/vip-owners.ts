/**
 * Which addresses this node answers for, from the candidacies and from who is alive: election, then
 * handover from and to the others. Synchronous; the gossip loop carries what comes out of it.
 */
import type { Candidacy } from '../core/election/candidacy.ts'
import { Handover } from '../core/election/handover.ts'
import type { HandoverResult, Peer } from '../core/election/handover.ts'
import { announcedBy, owners, whyOwner } from '../core/election/owners.ts'
import type { AnnouncedVip, Electorate, Ownership } from '../core/election/owners.ts'
import { isMarked } from '../core/gossip/mark.ts'
import type { Member } from '../core/gossip/members.ts'
import type { Cause } from '../core/gossip/watched.ts'
import type { HandoverMessage } from '../core/wire/handover.ts'
import type { OwnerView } from './messages.ts'

export interface VipOwnersOptions {
  readonly self: string
  /** See Handover. */
  readonly seq: number
  readonly member: (name: string) => Member | undefined
}

export class VipOwners {
  readonly #options: VipOwnersOptions
  readonly handover: Handover
  #candidacies: readonly Candidacy[] | undefined
  /** Those that were last reckoned with, and their owners in the same order. */
  #reckoned: readonly Candidacy[] = []
  #owned: readonly Ownership[] = []
  #fresh = true
  #electorate: Electorate | undefined
  /** How this node announces each address that is its own or that it holds: an old owner's as before. */
  #vips = new Map<string, AnnouncedVip>()
  /** Addresses that somebody has owned. */
  readonly #known = new Set<string>()
  /** Those that nobody owned before this node, until they are announced. */
  readonly #first = new Set<string>()

  constructor(options: VipOwnersOptions) {
    this.#options = options
    this.handover = new Handover(options.self, (name) => peerOf(options.member(name)), options.seq)
  }

  setCandidacies(candidacies: readonly Candidacy[]): void {
    this.#candidacies = candidacies
  }

  update(electorate: Electorate | undefined, now: number): void {
    const { self } = this.#options
    const candidacies = this.#candidacies ?? []
    if (this.#fresh && this.#candidacies && electorate) {
      // One that comes to others takes what they have had until now.
      const others = this.#byIp(owners(candidacies, without(electorate, self)))
      this.handover.update(others, now)
      this.#noteFirst(others)
      this.#fresh = false
    }
    this.#electorate = electorate
    this.#reckoned = candidacies
    this.#owned = owners(candidacies, electorate)
    const byIp = this.#byIp(this.#owned)
    this.handover.update(byIp, now)
    this.#noteFirst(byIp)
    const own = announcedBy(self, candidacies, this.#owned)
    const held = new Set(this.handover.held)
    for (const ip of this.#vips.keys()) if (!held.has(ip)) this.#vips.delete(ip)
    for (const [ip, vip] of own) this.#vips.set(ip, vip)
  }

  #noteFirst(byIp: ReadonlyMap<string, string | undefined>): void {
    for (const ip of this.#known) if (!byIp.has(ip)) this.#known.delete(ip)
    for (const [ip, owner] of byIp) {
      if (owner !== this.#options.self) this.#first.delete(ip)
      else if (!this.#known.has(ip)) this.#first.add(ip)
      if (owner !== undefined) this.#known.add(ip)
    }
    for (const ip of this.#first) if (!byIp.has(ip)) this.#first.delete(ip)
  }

  #byIp(owned: readonly Ownership[]): Map<string, string | undefined> {
    const { self } = this.#options
    const byIp = new Map<string, string | undefined>()
    for (const { ip, owner } of owned) {
      // Services that share an address may have different candidates: then it is announced by each.
      if (owner === self || !byIp.has(ip)) byIp.set(ip, owner)
    }
    return byIp
  }

  /** The whole of what the packet thread is to answer for. */
  get table(): AnnouncedVip[] {
    return this.handover.held.flatMap((ip) => this.#vips.get(ip) ?? [])
  }

  /** Those in it that nobody has announced so far, as far as is known here. */
  get first(): string[] {
    return [...this.#first]
  }

  /** The neighbours have been told that these are here. */
  announced(ips: readonly string[]): void {
    for (const ip of ips) this.#first.delete(ip)
    this.handover.announced(ips)
  }

  /** Who owns what, and why: for people. */
  get view(): OwnerView[] {
    const absent = (node: string) => absence(this.#options.member(node))
    return this.#owned.flatMap((ownership, i) => {
      const candidacy = this.#reckoned[i]
      if (!candidacy) return []
      const why = whyOwner(candidacy, ownership.owner, this.#electorate, absent)
      return { ...ownership, holding: this.handover.holding(ownership.ip), why }
    })
  }

  heard(message: HandoverMessage, now: number): void {
    this.handover.heard(message, now)
  }

  drain(): HandoverResult {
    return this.handover.drain()
  }
}

const without = (electorate: Electorate, name: string): Electorate => {
  const { usable, settled } = electorate
  const others = (names: ReadonlySet<string>) => names.difference(new Set([name]))
  return { ...electorate, usable: others(usable), settled: settled && others(settled) }
}

function peerOf(member: Member | undefined): Peer {
  if (!member || member.state === 'dead') return 'gone'
  if (!isMarked(member.meta)) return member.state === 'left' ? 'gone' : 'foreign'
  return member.state === 'left' ? 'left' : 'ours'
}

/** What became of a member, for people. */
const LOST: Readonly<Record<string, string>> = {
  speakerGone: 'its speaker is gone',
  nodeGone: 'the node or its cable is gone',
  speakerSilent: 'its speaker does not answer',
} satisfies Record<Cause, string>

const absence = (member: Member | undefined): string => {
  if (!member) return 'no speaker there'
  if (member.state !== 'dead') return member.state
  return LOST[member.lost ?? ''] ?? `dead: ${member.lost}`
}
