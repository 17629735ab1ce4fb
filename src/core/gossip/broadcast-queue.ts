/** News to be passed on, each a bounded number of times (hashicorp/memberlist queue.go). */

interface Broadcast {
  readonly subject: string
  readonly bytes: Uint8Array
  /** Higher is newer. */
  readonly id: number
  transmits: number
}

export class BroadcastQueue {
  /** By the member it is about: newer news replaces older. */
  readonly #entries = new Map<string, Broadcast>()
  /** By how often they were sent; in each the largest first, then the newest. */
  readonly #tiers: Broadcast[][] = []
  #nextId = 0

  get size(): number {
    return this.#entries.size
  }

  queue(subject: string, bytes: Uint8Array): void {
    const older = this.#entries.get(subject)
    if (older) this.#remove(older)
    this.#add({ subject, bytes, id: this.#nextId++, transmits: 0 })
  }

  /**
   * The messages to send next: those sent least, then the largest that fits, then the newest. Each
   * costs its length and `overhead` of `budget`; sent `limit` times it is dropped.
   */
  take(budget: number, overhead: number, limit: number): Uint8Array[] {
    if (this.#entries.size === 0) return []
    const taken: Broadcast[] = []
    let room = budget
    for (const tier of this.#tiers) {
      let at = 0
      for (;;) {
        at = Math.max(at, placeOf(tier, room - overhead, Infinity))
        const broadcast = tier[at++]
        if (!broadcast) break
        room -= broadcast.bytes.length + overhead
        taken.push(broadcast)
      }
    }
    for (const broadcast of taken) {
      this.#remove(broadcast)
      if (++broadcast.transmits < limit) this.#add(broadcast)
    }
    return taken.map(({ bytes }) => bytes)
  }

  #add(broadcast: Broadcast): void {
    const { subject, bytes, id, transmits } = broadcast
    this.#entries.set(subject, broadcast)
    while (this.#tiers.length <= transmits) this.#tiers.push([])
    const tier = this.#tiers[transmits]
    tier?.splice(placeOf(tier, bytes.length, id), 0, broadcast)
  }

  #remove({ subject, bytes, id, transmits }: Broadcast): void {
    this.#entries.delete(subject)
    const tier = this.#tiers[transmits]
    tier?.splice(placeOf(tier, bytes.length, id), 1)
  }
}

/** Index of the first that is no larger than `length` and, of that length, no newer than `id`. */
function placeOf(tier: readonly Broadcast[], length: number, id: number): number {
  let low = 0
  let high = tier.length
  while (low < high) {
    const middle = (low + high) >> 1
    const it = tier[middle]
    const earlier = it && (it.bytes.length > length || (it.bytes.length === length && it.id > id))
    if (earlier) low = middle + 1
    else high = middle
  }
  return low
}
