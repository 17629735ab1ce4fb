/**
 * Which addresses this node answers for, from the candidacies and from who is alive: election, then
 * handover from and to the others. Synchronous; the gossip loop carries what comes out of it.
 */
import type { Candidacy } from '../core/election/candidacy.ts'
import { Handover } from '../core/election/handover.ts'
import type { HandoverResult, Peer } from '../core/election/handover.ts'
import {
  announcedBy,
  nextOwners,
  owners,
  uplinkOf,
  whyOwner,
  without,
} from '../core/election/owners.ts'
import type { AnnouncedVip, Electorate, Ownership } from '../core/election/owners.ts'
import { Takeovers } from '../core/election/takeover.ts'
import type { Former, Takeover } from '../core/election/takeover.ts'
import { isMarked } from '../core/gossip/mark.ts'
import type { Member } from '../core/gossip/members.ts'
import type { Cause } from '../core/gossip/watched.ts'
import type { HandoverMessage } from '../core/wire/handover.ts'
import type { OwnerNow, OwnerView } from './messages.ts'

export interface VipOwnersOptions {
  readonly self: string
  /** See Handover. */
  readonly seq: number
  readonly member: (name: string) => Member | undefined
  /** When something came from that member last. */
  readonly heardAt?: (member: Member) => number | undefined
}

export class VipOwners {
  readonly #options: VipOwnersOptions
  readonly handover: Handover
  readonly #takeovers: Takeovers
  #candidacies: readonly Candidacy[] | undefined
  /** Those that were last reckoned with, and their owners in the same order. */
  #reckoned: readonly Candidacy[] = []
  #owned: readonly Ownership[] = []
  #owners: ReadonlyMap<string, string | undefined> = new Map()
  /** It has not reckoned yet; and it was not there for a while. */
  #fresh = true
  #slept = false
  #electorate: Electorate | undefined
  /** It was reckoned anew since the last `drain`; and something came about since the last `settle`. */
  #anew = false
  #unsettled = false
  /** How this node announces each address that is its own or that it holds: an old owner's as before. */
  #vips = new Map<string, AnnouncedVip>()
  /** Addresses that somebody has owned. */
  readonly #known = new Set<string>()
  /** Those that nobody owned before this node, until they are announced. */
  readonly #first = new Set<string>()

  constructor(options: VipOwnersOptions) {
    this.#options = options
    this.handover = new Handover(options.self, (name) => peerOf(options.member(name)), options.seq)
    this.#takeovers = new Takeovers(options.self, (name, ip) => this.#former(name, ip))
  }

  setCandidacies(candidacies: readonly Candidacy[]): void {
    this.#candidacies = candidacies
  }

  /**
   * We were not there for a while: what we held is another's, whoever has it. What is ours by our reckoning is
   * asked for, of whom it would be without us: that others have given us up, and who has settled since, may not
   * be known here yet.
   */
  slept(): void {
    this.handover.reset()
    this.#slept = true
  }

  update(electorate: Electorate | undefined, now: number): void {
    const { self } = this.#options
    const candidacies = this.#candidacies ?? []
    if ((this.#fresh || this.#slept) && this.#candidacies && electorate) {
      // One that comes to others, or was not there for a while, takes what they have had until now.
      const others = this.#byIp(owners(candidacies, without(electorate, self)))
      this.handover.update(others, now)
      if (this.#fresh) {
        this.#noteFirst(others)
        this.#takeovers.note(others, this.handover, now, 0)
      }
      this.#fresh = false
      this.#slept = false
    }
    this.#electorate = electorate
    this.#reckoned = candidacies
    this.#owned = owners(candidacies, electorate)
    const byIp = this.#byIp(this.#owned)
    this.#owners = byIp
    this.#anew = true
    this.#unsettled = true
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
  announced(ips: readonly string[], now: number): void {
    for (const ip of ips) this.#first.delete(ip)
    this.handover.announced(ips)
    this.#takeovers.announced(ips, now)
  }

  /**
   * What has come about is noted for people, and what came of it since the last call: not before the
   * packet thread knows. `unixMs`: the same moment as `now`.
   */
  settle(now: number, unixMs: number): readonly Takeover[] {
    if (this.#unsettled) this.#takeovers.note(this.#owners, this.handover, now, unixMs)
    this.#unsettled = false
    return this.#takeovers.drain()
  }

  #former(name: string, ip: string): Former {
    const { member: memberOf, heardAt } = this.#options
    const member = memberOf(name)
    if (!member) return { kind: 'unknown' }
    const { state, lost = '' } = member
    if (state === 'dead') {
      return { kind: 'dead', lost: isCause(lost) ? lost : undefined, heardAt: heardAt?.(member) }
    }
    if (state === 'left') {
      return { kind: 'left', answers: isMarked(member.meta), heardAt: heardAt?.(member) }
    }
    return { kind: this.#isDown(name, ip) ? 'down' : 'lives' }
  }

  /** What that node would send of it does not leave it. */
  #isDown(name: string, ip: string): boolean {
    const electorate = this.#electorate
    if (!electorate?.spreads || !electorate.uplinks?.get(name)?.size) return false
    const candidacy = this.#reckoned.find((it) => it.ip === ip)
    return candidacy !== undefined && uplinkOf(name, candidacy, electorate) === 'down'
  }

  /** Who owns what, and why: for people. */
  get view(): OwnerView[] {
    const absent = (node: string) => absence(this.#options.member(node))
    return this.#owned.flatMap((ownership, i) => {
      const candidacy = this.#reckoned[i]
      if (!candidacy) return []
      const { ip, owner } = ownership
      const why = whyOwner(candidacy, owner, this.#electorate, absent)
      // What nobody had is taken when it is announced: a stranger may turn out to have it (docs/layer2.md).
      const isOwn = owner === this.#options.self && !this.#first.has(ip)
      const taken = isOwn ? this.#takeovers.of(ip) : undefined
      return { ...ownership, holding: this.handover.holding(ip), why, taken }
    })
  }

  /** The same as it is at this moment, and who would be next. */
  viewNow(now: number): OwnerNow[] {
    const next = nextOwners(this.#reckoned, this.#owned, this.#electorate)
    return this.view.map((owner, i) => {
      return { ...owner, since: this.#takeovers.ageMs(owner.ip, now), next: next[i] }
    })
  }

  heard(message: HandoverMessage, now: number): void {
    this.handover.heard(message, now)
  }

  /** As Handover's; `changed` also where it has been reckoned anew. */
  drain(): HandoverResult {
    const { send, changed } = this.handover.drain()
    const anew = this.#anew
    this.#anew = false
    this.#unsettled ||= changed
    return { send, changed: changed || anew }
  }
}

function peerOf(member: Member | undefined): Peer {
  if (!member || member.state === 'dead') return 'gone'
  if (!isMarked(member.meta)) return member.state === 'left' ? 'gone' : 'foreign'
  return member.state === 'left' ? 'left' : 'ours'
}

/** What became of a member, for people. */
const LOST: Readonly<Record<Cause, string>> = {
  speakerGone: 'its speaker is gone',
  nodeGone: 'the node or its cable is gone',
  speakerSilent: 'its speaker does not answer',
}

const isCause = (lost: string): lost is Cause => Object.hasOwn(LOST, lost)

const absence = (member: Member | undefined): string => {
  if (!member) return 'no speaker there'
  if (member.state !== 'dead') return member.state
  const { lost = '' } = member
  return isCause(lost) ? LOST[lost] : `dead: ${lost}`
}
