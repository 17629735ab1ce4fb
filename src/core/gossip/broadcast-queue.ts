/** News to be passed on, each a bounded number of times (hashicorp/memberlist queue.go). */

interface Broadcast {
  readonly bytes: Uint8Array
  /** Higher is newer. */
  readonly id: number
  transmits: number
}

export class BroadcastQueue {
  /** By the member it is about: newer news replaces older. */
  readonly #entries = new Map<string, Broadcast>()
  #nextId = 0

  get size(): number {
    return this.#entries.size
  }

  queue(subject: string, bytes: Uint8Array): void {
    this.#entries.set(subject, { bytes, id: this.#nextId++, transmits: 0 })
  }

  /**
   * The messages to send next: those sent least, then the largest that fits, then the newest. Each
   * costs its length and `overhead` of `budget`; sent `limit` times it is dropped.
   */
  take(budget: number, overhead: number, limit: number): Uint8Array[] {
    const order = [...this.#entries].sort(
      ([, a], [, b]) => a.transmits - b.transmits || b.bytes.length - a.bytes.length || b.id - a.id,
    )
    const taken: Uint8Array[] = []
    let room = budget
    for (const [subject, broadcast] of order) {
      const cost = broadcast.bytes.length + overhead
      if (cost > room) continue
      room -= cost
      taken.push(broadcast.bytes)
      broadcast.transmits++
      if (broadcast.transmits >= limit) this.#entries.delete(subject)
    }
    return taken
  }
}
