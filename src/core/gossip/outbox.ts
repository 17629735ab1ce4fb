/**
 * What a node sends: datagrams filled up with news, requests on streams. It keeps the news and the
 * effects; what they say is the node's.
 */
import { EMPTY } from '../wire/memberlist/bytes.ts'
import { encodeMessage } from '../wire/memberlist/messages.ts'
import type { Message } from '../wire/memberlist/messages.ts'
import {
  COMPOUND_ENTRY,
  COMPOUND_MAX,
  COMPOUND_OVERHEAD,
  compound,
  encodePacket,
  packetOverhead,
} from '../wire/memberlist/packet.ts'
import type { Security } from '../wire/memberlist/security.ts'
import type { StreamMessage } from '../wire/memberlist/stream.ts'
import { SINCE, supports } from '../wire/memberlist/version.ts'
import { BroadcastQueue } from './broadcast-queue.ts'
import type { Address, Effect } from './effects.ts'
import { retransmitLimit } from './formulas.ts'
import { addressOf } from './members.ts'
import type { Member, Members } from './members.ts'
import type { Profile } from './profiles.ts'

type Done = (reply: StreamMessage | undefined, now: number) => void

export class Outbox {
  readonly #profile: Profile
  readonly #security: Security
  readonly #members: Members
  readonly #queue = new BroadcastQueue()
  readonly #exchanges = new Map<number, Done>()
  #effects: Effect[] = []
  #nextExchange = 1

  constructor(
    { profile, security }: { readonly profile: Profile; readonly security: Security },
    members: Members,
  ) {
    this.#profile = profile
    this.#security = security
    this.#members = members
  }

  /** Effects since the last call, in order. */
  drain(): Effect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  get load(): { readonly news: number; readonly exchanges: number } {
    return { news: this.#queue.size, exchanges: this.#exchanges.size }
  }

  effect(effect: Effect): void {
    this.#effects.push(effect)
  }

  log(level: 'debug' | 'info' | 'warn', event: string, fields: object): void {
    this.#effects.push({ kind: 'log', level, event, fields })
  }

  /** To be passed on until it has been sent often enough, or newer news of the member replaces it. */
  news(member: string, message: Uint8Array): void {
    this.#queue.queue(member, message)
  }

  /** Sends a member what news there is; false if there is none. */
  tell(member: Member): boolean {
    const news = this.#take(this.#budget())
    if (news.length > 0) this.sendTo(member, news)
    return news.length > 0
  }

  /** One message, the datagram filled up with news. */
  sendWithNews(to: Address, message: Message): void {
    const first = encodeMessage(message)
    this.#send(to, [first, ...this.#take(this.#budget() - first.length)], false)
  }

  /** Alone, by a socket of its own: see the effect. */
  sendConnected(to: Address, message: Message): void {
    const form = { compression: false, crc: false }
    const bytes = encodePacket(encodeMessage(message), form, this.#security)
    this.#effects.push({ kind: 'send', to, bytes, connected: true })
  }

  /** Likewise, padded to the largest datagram we send by a message that nobody minds. */
  sendPadded(to: Address, message: Message): void {
    const first = encodeMessage(message)
    const room = this.#budget() - first.length - 2 * COMPOUND_ENTRY
    const type = encodeMessage({ kind: 'user', payload: EMPTY })
    const padding = new Uint8Array(Math.max(type.length, room))
    padding.set(type)
    const form = { compression: false, crc: false }
    const bytes = encodePacket(compound([first, padding]), form, this.#security)
    this.#effects.push({ kind: 'send', to, bytes, connected: true })
  }

  sendTo(member: Member, messages: readonly Uint8Array[]): void {
    this.#send(addressOf(member), messages, supports(member.vsn, SINCE.crc))
  }

  /** Straight to these, whoever of them is known, not by way of gossip. Never to ourselves. */
  sendEach(names: Iterable<string>, message: Message): void {
    const bytes = encodeMessage(message)
    for (const name of names) {
      const member = this.#members.get(name)
      if (member && name !== this.#members.self) this.sendTo(member, [bytes])
    }
  }

  exchange(to: Address, request: StreamMessage, timeoutMs: number, done: Done): void {
    const id = this.#nextExchange++
    this.#exchanges.set(id, done)
    this.#effects.push({ kind: 'exchange', id, to, request, timeoutMs })
  }

  exchangeDone(id: number, reply: StreamMessage | undefined, now: number): void {
    const done = this.#exchanges.get(id)
    this.#exchanges.delete(id)
    done?.(reply, now)
  }

  #send(to: Address, messages: readonly Uint8Array[], crc: boolean): void {
    for (let at = 0; at < messages.length; at += COMPOUND_MAX) {
      const plain = compound(messages.slice(at, at + COMPOUND_MAX))
      const bytes = encodePacket(plain, { compression: true, crc }, this.#security)
      this.#effects.push({ kind: 'send', to, bytes })
    }
  }

  #budget(): number {
    return this.#profile.udpBufferSize - COMPOUND_OVERHEAD - packetOverhead(this.#security)
  }

  #take(budget: number): Uint8Array[] {
    const limit = retransmitLimit(this.#profile.retransmitMult, this.#members.size)
    return this.#queue.take(budget, COMPOUND_ENTRY, limit)
  }
}
