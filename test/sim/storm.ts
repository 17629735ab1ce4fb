/** Faults by chance, seeded: what breaks when is a function of the seed and not of what members do. */
import type { Random } from '../../src/core/random.ts'
import type { Host } from './host.ts'
import type { Network } from './network.ts'
import { seeded } from './seeded.ts'

type Kind = 'pause' | 'crash' | 'powerOff' | 'cut' | 'leap' | 'oneWay' | 'partition' | 'weather'

/** Faults of each kind per minute in the whole cluster. */
export type Rates = Readonly<Record<Kind, number>>

/** Something breaks every few seconds. */
export const ROUGH: Rates = {
  pause: 4,
  crash: 2,
  powerOff: 1,
  cut: 2,
  leap: 1,
  oneWay: 1,
  partition: 0.5,
  weather: 1,
}

/** How long a fault lasts on average, in ms. */
const LASTS_MS: Readonly<Record<Kind, number>> = {
  pause: 4000,
  crash: 10_000,
  powerOff: 30_000,
  cut: 15_000,
  leap: 0,
  oneWay: 20_000,
  partition: 30_000,
  weather: 30_000,
}

export class Storm {
  /** Faults so far. */
  readonly counts: Record<Kind, number>
  readonly #network: Network
  readonly #random: Random
  readonly #rates: Rates
  #over = false

  constructor(network: Network, seed: number, rates = ROUGH) {
    this.#network = network
    this.#random = seeded(seed ^ 0x5701)
    this.#rates = rates
    const kinds = Object.keys(rates) as Kind[]
    this.counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>
    for (const kind of kinds) this.#next(kind)
  }

  /** Everything is whole again, and stays so; a process that was lost is new and has joined nobody. */
  end(): void {
    this.#over = true
    this.#network.heal()
    this.#network.weather({})
    for (const host of this.#network.hosts) this.#repair(host)
  }

  #next(kind: Kind): void {
    const rate = this.#rates[kind]
    if (rate === 0) return
    this.#network.after(this.#about(60_000 / rate), () => {
      if (this.#over) return
      const repair = this.#break(kind)
      if (repair) {
        this.counts[kind]++
        this.#network.after(this.#about(LASTS_MS[kind]), () => {
          if (!this.#over) repair()
        })
      }
      this.#next(kind)
    })
  }

  /** Returns what ends it; undefined: there is nothing left to break in that way. */
  #break(kind: Kind): (() => void) | undefined {
    const network = this.#network
    const host = this.#pick(network.hosts)
    const { name } = host
    if (kind === 'weather') {
      network.weather({
        loss: 0.3 * this.#random(),
        duplication: 0.3 * this.#random(),
        delayMs: 20 * this.#random(),
        jitterMs: 300 * this.#random(),
      })
      return () => network.weather({})
    }
    if (kind === 'partition') {
      const side = network.hosts.map(({ name }) => ({ name, left: this.#random() < 0.5 }))
      const names = (left: boolean) => side.filter((it) => it.left === left).map((it) => it.name)
      network.partition(names(true), names(false))
      return () => network.heal()
    }
    if (kind === 'oneWay') {
      const others = network.hosts.map((it) => it.name).filter((it) => it !== name)
      network.block([name], [this.#pick(others)])
      return () => network.heal()
    }
    // One thing at a time on each host.
    if (!host.up) return undefined
    if (kind === 'leap') network.leap(name, 5000 * this.#random())
    else network[kind](name)
    return () => this.#repair(host)
  }

  #repair({ name, process, powered, plugged }: Host): void {
    if (!plugged) this.#network.mend(name)
    if (process === 'paused') this.#network.resume(name)
    if (process === 'crashed' || !powered) this.#network.restart(name)
  }

  /** Exponential, with that mean. */
  #about(mean: number): number {
    return -mean * Math.log(1 - this.#random())
  }

  #pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.#random() * list.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
}
