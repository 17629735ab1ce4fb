/** What becomes of what is sent between two hosts: how late it comes, how often, or never. */
import type { Random } from '../../src/core/random.ts'

/** First wait of TCP before it sends again (RFC 6298: at least 200 ms on Linux); it doubles. */
const RETRANSMIT_MS = 200

export interface Weather {
  /** Share of packets that get lost, each way. */
  readonly loss: number
  /** Share of datagrams that come twice. */
  readonly duplication: number
  /** One way in ms: `delayMs` and up to `jitterMs` by chance, which reorders. */
  readonly delayMs: number
  readonly jitterMs: number
}

/** A segment as it should be. */
export const FAIR: Weather = { loss: 0, duplication: 0, delayMs: 0.2, jitterMs: 2 }

export class Links {
  weather = FAIR
  readonly #random: Random
  /** `from>to`, one way. */
  readonly #blocked = new Set<string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** No block, and nothing worse than it should be. */
  get fair(): boolean {
    const { loss, duplication, delayMs, jitterMs } = this.weather
    const slow = delayMs > FAIR.delayMs || jitterMs > FAIR.jitterMs
    return this.#blocked.size === 0 && loss === 0 && duplication === 0 && !slow
  }

  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`)
  }

  /** No more blocks; returns whom there were any between. */
  heal(): Set<string> {
    const names = new Set([...this.#blocked].flatMap((way) => way.split('>')))
    this.#blocked.clear()
    return names
  }

  open(from: string, to: string): boolean {
    return this.#blocked.size === 0 || !this.#blocked.has(`${from}>${to}`)
  }

  /** Ms to arrival, of one packet; undefined: lost. */
  packet(from: string, to: string): number | undefined {
    if (!this.open(from, to) || this.#chance(this.weather.loss)) return undefined
    return this.#delay()
  }

  /** Ms to arrival, of each copy of a datagram. */
  datagram(from: string, to: string): number[] {
    const copies = this.#chance(this.weather.duplication) ? 2 : 1
    const arrivals: number[] = []
    for (let i = 0; i < copies; i++) {
      const ms = this.packet(from, to)
      if (ms !== undefined) arrivals.push(ms)
    }
    return arrivals
  }

  /** Ms to arrival, by TCP: lost packets are sent again. Undefined: not within `timeoutMs`. */
  segment(from: string, to: string, timeoutMs: number): number | undefined {
    let waited = 0
    for (let wait = RETRANSMIT_MS; waited < timeoutMs; wait *= 2) {
      const ms = this.packet(from, to)
      if (ms !== undefined) return waited + ms
      waited += wait
    }
    return undefined
  }

  #delay(): number {
    return this.weather.delayMs + this.weather.jitterMs * this.#random()
  }

  #chance(share: number): boolean {
    return share > 0 && this.#random() < share
  }
}
