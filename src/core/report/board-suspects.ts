/**
 * Services with which something seems wrong, for as long as it seems so: only these are looked at in depth, which
 * takes a while for each, and only when it has lasted: a move takes less.
 */

/** How long that is. */
export const PATIENCE_MS = 5000
/** More are not looked at: they will have one cause. */
export const MAX_SUSPECTS = 256

export class BoardSuspects {
  /** Since when, by Service. */
  #since: ReadonlyMap<string, number> = new Map()
  #waiting = false

  /** True where time alone makes more of them lasting ones. */
  get waiting(): boolean {
    return this.#waiting
  }

  /** `keys`: all of now. Those for whom it has lasted. */
  lasting(keys: Iterable<string>, now: number): ReadonlySet<string> {
    this.#since = new Map([...keys].map((key) => [key, this.#since.get(key) ?? now]))
    const lasting = [...this.#since].filter(([, since]) => now - since >= PATIENCE_MS)
    this.#waiting = lasting.length < this.#since.size
    return new Set(lasting.slice(0, MAX_SUSPECTS).map(([key]) => key))
  }
}
