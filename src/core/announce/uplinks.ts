/**
 * The interfaces on which this node cannot announce, told to the other members (core/gossip/mark.ts), so
 * that an address whose interface is down moves although the node lives. One that comes back waits like a
 * node that does (core/gossip/settling.ts): every move breaks connections.
 */

/** `returning`: it is back, but not for long. One that is not told of is up. */
export type UplinkState = 'down' | 'returning'

export type Uplinks = ReadonlyMap<string, UplinkState>

/** Stands for all interfaces together, where an advertisement lists none: down where none qualifies. */
export const EVERY = '*'

export class UplinkWatch {
  readonly #returnDelayMs: number
  /** Those down, and when those that are back count as up. */
  readonly #troubled = new Map<string, 'down' | { readonly until: number }>()

  /** `returnDelayMs`: how long one that is back must stay so. */
  constructor(returnDelayMs: number) {
    this.#returnDelayMs = returnDelayMs
  }

  /** `listed`: the names in advertisements for this node. `there`: those that qualify now. */
  update(listed: Iterable<string>, there: ReadonlySet<string>, now: number): void {
    const names = new Set([EVERY, ...listed])
    for (const name of this.#troubled.keys()) if (!names.has(name)) this.#troubled.delete(name)
    for (const name of names) {
      const isUp = name === EVERY ? there.size > 0 : there.has(name)
      const trouble = this.#troubled.get(name)
      if (!isUp) this.#troubled.set(name, 'down')
      else if (trouble === 'down' && this.#returnDelayMs > 0) {
        this.#troubled.set(name, { until: now + this.#returnDelayMs })
      } else if (trouble === 'down' || (trouble && trouble.until <= now)) {
        this.#troubled.delete(name)
      }
    }
  }

  /** What others are to know, by name, in order. */
  get told(): Uplinks {
    const entries = [...this.#troubled].sort(([a], [b]) => (a < b ? -1 : 1))
    return new Map(entries.map(([name, it]) => [name, it === 'down' ? 'down' : 'returning']))
  }

  /** When to `update` next if nothing changes. */
  get nextDeadline(): number | undefined {
    const untils = [...this.#troubled.values()].flatMap((it) => (it === 'down' ? [] : it.until))
    return untils.length === 0 ? undefined : Math.min(...untils)
  }
}
