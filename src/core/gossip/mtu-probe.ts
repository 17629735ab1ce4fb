/**
 * Whether datagrams of the size we send get through: now and then a ping to each watched member is
 * padded to the budget. Where those are lost and small ones are answered, the path's MTU is smaller
 * than anybody on it says: news and handovers get lost there, while all members look well.
 */
import { textOfIp } from '../net/ip.ts'
import { sameBytes } from '../wire/memberlist/bytes.ts'
import type { Address } from './effects.ts'
import type { Finding } from './findings.ts'
import { MTU_SEQ, QUARTER } from './pings.ts'
import type { Timers } from './timers.ts'

const INTERVAL_MS = 10_000
/** How long an answer is waited for; and after a loss, until the next one. */
const ROUND_MS = 2000
/** In a row: at a loss of 5 % each way by chance once in years. */
const LOST_TO_TELL = 6

/** A member that the watch pings. */
export interface MtuPeer {
  readonly member: { readonly name: string }
  readonly address: Address
  /** When it last answered a small ping. */
  readonly answeredAt: number | undefined
}

export interface MtuProbeActions {
  peers(): readonly MtuPeer[]
  /** The ping is padded to `bytes`. */
  ping(peer: MtuPeer, seqNo: number): void
}

interface Probed {
  readonly address: Address
  sentAt: number
  /** Sequence number that is waited for. */
  waiting: number | undefined
  lost: number
}

export class MtuProbe {
  readonly #bytes: number
  readonly #timers: Timers
  readonly #actions: MtuProbeActions
  readonly #probed = new Map<string, Probed>()
  #seqNo = 0
  #started = false

  /** `bytes`: size of the padded datagrams, for people. */
  constructor(bytes: number, timers: Timers, actions: MtuProbeActions) {
    this.#bytes = bytes
    this.#timers = timers
    this.#actions = actions
  }

  /** Whom to ask changed; the first time it begins. */
  update(now: number): void {
    if (!this.#started) this.#timers.set(now + ROUND_MS, (at) => this.#round(at))
    this.#started = true
  }

  /** True if the answer was to a ping from here. */
  acked(seqNo: number): boolean {
    if (seqNo < MTU_SEQ) return false
    for (const probed of this.#probed.values()) {
      if (probed.waiting !== seqNo) continue
      probed.waiting = undefined
      probed.lost = 0
    }
    return true
  }

  /** The kernel would not send a datagram there: it knows of a smaller MTU. */
  tooLarge({ ip }: Address): void {
    for (const probed of this.#probed.values()) {
      if (sameBytes(probed.address.ip, ip)) probed.lost = LOST_TO_TELL
    }
  }

  list(): Finding[] {
    return [...this.#probed.values()]
      .filter(({ lost }) => lost >= LOST_TO_TELL)
      .map(({ address }) => {
        return { kind: 'mtuTooSmall', address: textOfIp(address.ip), bytes: this.#bytes } as const
      })
  }

  #round(now: number): void {
    const peers = this.#actions.peers()
    const names = new Set(peers.map(({ member }) => member.name))
    for (const name of this.#probed.keys()) if (!names.has(name)) this.#probed.delete(name)
    for (const peer of peers) this.#probe(peer, now)
    this.#timers.set(now + ROUND_MS, (at) => this.#round(at))
  }

  #probe(peer: MtuPeer, now: number): void {
    const { address, answeredAt } = peer
    const { name } = peer.member
    const known = this.#probed.get(name)
    const probed = known ?? { address, sentAt: -Infinity, waiting: undefined, lost: 0 }
    this.#probed.set(name, probed)
    if (probed.waiting !== undefined) {
      probed.waiting = undefined
      // Without a word since it says nothing of sizes: that is the watch's to judge.
      if (answeredAt !== undefined && answeredAt > probed.sentAt) probed.lost++
    } else if (probed.lost === 0 && now - probed.sentAt < INTERVAL_MS) return
    this.#seqNo = (this.#seqNo + 1) % QUARTER
    probed.waiting = MTU_SEQ + this.#seqNo
    probed.sentAt = now
    this.#actions.ping(peer, probed.waiting)
  }
}
