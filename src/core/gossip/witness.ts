/** What a member has seen since its start: counters for metrics, findings for people. */
import type { PacketDrop, Unpacked } from '../wire/memberlist/packet.ts'
import type { StreamDrop } from '../wire/memberlist/stream.ts'
import { newCounters } from './counters.ts'
import type { ConnectionDrop, GossipDrop } from './counters.ts'
import type { Address, Effect } from './effects.ts'
import { Findings } from './findings.ts'
import { pushPullMs } from './formulas.ts'
import type { WordDrop } from './handover-word.ts'
import type { Member, MemberState } from './members.ts'
import type { Profile } from './profiles.ts'

export class Witness {
  readonly counters = newCounters()
  readonly findings = new Findings()
  readonly #profile: Profile

  constructor(profile: Profile) {
    this.#profile = profile
  }

  datagram(bytes: Uint8Array, { messages, drops }: Unpacked, from: Address, now: number): void {
    this.counters.datagrams.received++
    this.counters.bytes.received += bytes.length
    for (const reason of drops) this.#dropped(from, reason, now)
    if (messages.length > 0) this.findings.heard(from.ip, now)
  }

  /** A stream, asked for or answered, came from there; `drop`: why it is of no use. */
  stream(from: Address, drop: StreamDrop | undefined, now: number): void {
    if (drop === undefined) this.findings.heard(from.ip, now)
    else this.#dropped(from, drop, now)
  }

  /** A connection was closed for what it costs. */
  connection(reason: ConnectionDrop): void {
    this.#count(reason)
  }

  /** What somebody said of addresses that change hands was of no use. */
  word(reason: WordDrop): void {
    this.#count(reason)
  }

  sent(effects: readonly Effect[]): void {
    const { datagrams, bytes } = this.counters
    for (const effect of effects) {
      if (effect.kind !== 'send') continue
      datagrams.sent++
      bytes.sent += effect.bytes.length
    }
  }

  /** Another member is something else than it was. */
  changed(from: MemberState, to: MemberState): void {
    const { members } = this.counters
    if (to === 'dead') members.died++
    else if (to === 'left') members.left++
    else if (to === 'alive' && from !== 'suspect') members.joined++
  }

  /** Somebody at `ip` bears the name of a member of `n`. */
  conflict({ name, addr }: Member, ip: Uint8Array, n: number, now: number): void {
    this.counters.contradictions.nameConflict++
    // Longer than until the next exchange of states.
    const holdMs = 2.5 * pushPullMs(this.#profile.pushPullIntervalMs, n)
    this.findings.conflict(name, [addr, ip], now, holdMs)
  }

  /** A member of `n` answers by TCP, but not by UDP. */
  udpLost({ addr }: Member, n: number, now: number): void {
    // Longer than until its turn comes again.
    this.findings.udpLost(addr, now, 2.5 * this.#profile.probeIntervalMs * (n + 1))
  }

  #dropped(from: Address, reason: PacketDrop | StreamDrop, now: number): void {
    this.#count(reason)
    this.findings.dropped(from.ip, reason, now)
  }

  #count(reason: GossipDrop): void {
    const { dropped } = this.counters
    dropped[reason] = (dropped[reason] ?? 0) + 1
  }
}
