/** Processes that stand still now and then: garbage collected, starved, stopped; by chance, seeded. */
import type { Host } from './host.ts'
import type { Network } from './network.ts'
import { seeded } from './seeded.ts'

export interface Pauses {
  /** Each host runs for so long between two pauses, on average (exponential), in ms. */
  readonly everyMs: number
  /** Each pause is that long at most; each length as likely as any other, in ms. */
  readonly mostMs: number
}

/** Every host pauses from now on, each by a chance of its own; whoever is down is left alone. */
export class Restless {
  /** Pauses so far. */
  count = 0
  readonly #network: Network
  readonly #pauses: Pauses

  constructor(network: Network, seed: number, pauses: Pauses) {
    this.#network = network
    this.#pauses = pauses
    const random = seeded(seed ^ 0x9a05e)
    for (const host of network.hosts) this.#next(host, random)
  }

  #next(host: Host, random: () => number): void {
    const { everyMs, mostMs } = this.#pauses
    this.#network.after(-everyMs * Math.log(1 - random()), () => {
      if (!host.up) return this.#next(host, random)
      this.count++
      this.#network.pause(host.name)
      this.#network.after(mostMs * random(), () => {
        if (host.process === 'paused') this.#network.resume(host.name)
        this.#next(host, random)
      })
    })
  }
}
