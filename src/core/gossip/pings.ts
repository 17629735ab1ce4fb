/**
 * Pings of our own beside the prober's. Each kind has a quarter of the sequence numbers, so an answer
 * tells which it was to; and whom the last ones went to is remembered.
 */
import { EMPTY } from '../wire/memberlist/bytes.ts'
import type { Ping } from '../wire/memberlist/messages.ts'

/** Sequence numbers of one kind. The prober's are those below. */
export const QUARTER = 0x4000_0000
/** Where those of each kind begin. */
export const SEEK_SEQ = QUARTER
export const WATCH_SEQ = 2 * QUARTER
export const MTU_SEQ = 3 * QUARTER

/** Pings of one kind that wait for an answer. */
export class SentPings {
  readonly #first: number
  readonly #most: number
  readonly #sent = new Map<number, string>()
  #count = 0

  /** Their numbers begin at `first`; the last `most` are remembered. */
  constructor(first: number, most: number) {
    this.#first = first
    this.#most = most
  }

  /** The number of the next ping, to that member. */
  next(to: string): number {
    this.#count = (this.#count + 1) % QUARTER
    const seqNo = this.#first + this.#count
    this.#sent.set(seqNo, to)
    if (this.#sent.size > this.#most) this.#forgetOldest()
    return seqNo
  }

  #forgetOldest(): void {
    const [oldest] = this.#sent.keys()
    if (oldest !== undefined) this.#sent.delete(oldest)
  }

  /** Whom the ping was sent to that is answered; undefined: it is none of these, or too old. */
  answered(seqNo: number): string | undefined {
    const to = this.#sent.get(seqNo)
    this.#sent.delete(seqNo)
    return to
  }
}

/** Without source fields the answer comes back to the socket that asked. */
export const barePing = (node: string, seqNo: number): Ping => ({
  kind: 'ping',
  node,
  seqNo,
  sourceAddr: EMPTY,
  sourceNode: '',
  sourcePort: 0,
})
