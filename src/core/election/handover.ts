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
import { HeldAddress } from './held-address.ts'
import type { HandoverCount, Hands, Holding, Peer } from './held-address.ts'

export type { HandoverCount, Holding, Peer }

export interface HandoverResult {
  readonly send: readonly { readonly to: string; readonly message: HandoverMessage }[]
  /** True if something is held in another way than before. */
  readonly changed: boolean
}

export class Handover {
  /** Addresses handed over, by what happened. */
  readonly counts: Record<HandoverCount, number> = { given: 0, taken: 0, yielded: 0, expired: 0 }
  readonly #hands: Hands & { leaving: boolean }
  readonly #addresses = new Map<string, HeldAddress>()
  /** By recipient and kind. */
  #send = new Map<string, { to: string; kind: HandoverMessage['kind']; ips: Set<string> }>()
  #changed = false
  #seq: number

  /** `seq`: higher than any this node has used before: the time in ms at start will do. */
  constructor(self: string, peer: (name: string) => Peer, seq: number) {
    this.#seq = seq
    this.#hands = {
      self,
      leaving: false,
      peer,
      say: (kind, to, ip) => this.#say(kind, to, ip),
      count: (what) => this.counts[what]++,
      changed: () => {
        this.#changed = true
      },
    }
  }

  /** Addresses to answer for. */
  get held(): string[] {
    return [...this.#addresses].flatMap(([ip, address]) => (address.isAnswered ? [ip] : []))
  }

  /** Those among them that are another's as soon as it announces them. */
  get lame(): string[] {
    return [...this.#addresses].flatMap(([ip, address]) => (address.isLame ? [ip] : []))
  }

  holding(ip: string): Holding {
    return this.#addresses.get(ip)?.holding ?? 'none'
  }

  /** Who gave an address that is ours; undefined: it was taken without. */
  giver(ip: string): string | undefined {
    return this.#addresses.get(ip)?.giver
  }

  /** The owners as they are reckoned now. What is not among them belongs to nobody any more. */
  update(owners: ReadonlyMap<string, string | undefined>, now: number): void {
    for (const [ip, address] of this.#addresses) {
      if (owners.has(ip)) continue
      address.drop()
      this.#addresses.delete(ip)
    }
    for (const [ip, owner] of owners) {
      const address = this.#addresses.get(ip) ?? new HeldAddress(ip, this.#hands)
      this.#addresses.set(ip, address)
      address.update(owner, now)
    }
  }

  /** This node goes: from now on it takes nothing, and hands over what it has. */
  leave(): void {
    this.#hands.leaving = true
  }

  /** We were not there for a while: what we held may be another's; reckon anew. */
  reset(): void {
    for (const address of this.#addresses.values()) address.drop()
  }

  /** The neighbours have been told that these are here. */
  announced(ips: readonly string[]): void {
    for (const ip of ips) this.#addresses.get(ip)?.announced()
  }

  /** Another has announced these on the segment, and our packet thread has fallen silent. */
  claimed(ips: readonly string[], now: number): void {
    for (const ip of ips) this.#addresses.get(ip)?.claimed(now)
  }

  heard(message: HandoverMessage, now: number): void {
    // Which addresses there are is known from the API, never from the wire.
    for (const ip of message.ips) this.#addresses.get(ip)?.heard(message, now)
  }

  /** When `tick` is wanted next. */
  nextDeadline(): number | undefined {
    let earliest = Infinity
    for (const { deadline } of this.#addresses.values()) earliest = Math.min(earliest, deadline)
    return earliest === Infinity ? undefined : earliest
  }

  tick(now: number): void {
    for (const address of this.#addresses.values()) address.tick(now)
  }

  /** What is to be done since the last call. */
  drain(): HandoverResult {
    const send = [...this.#send.values()].map(({ to, kind, ips }) => ({
      to,
      message: { kind, from: this.#hands.self, seq: ++this.#seq, ips: [...ips] },
    }))
    const changed = this.#changed
    this.#send = new Map()
    this.#changed = false
    return { send, changed }
  }

  #say(kind: HandoverMessage['kind'], to: string, ip: string): void {
    const key = `${kind} ${to}`
    const batch = this.#send.get(key) ?? { to, kind, ips: new Set() }
    this.#send.set(key, batch)
    batch.ips.add(ip)
  }
}
