/**
 * A large table that another thread has already but for a few rows: only those cross. To copy five thousand
 * rows takes a thread tens of milliseconds on each side, in which it does nothing else.
 */

/** How a list comes of the one before. */
export interface ListPatch<T> {
  /** For each row where it was in the list before; -1: it is the next of `fresh`. */
  readonly from: Int32Array
  readonly fresh: readonly T[]
}

/** Knows a row again by its identity: one that has changed is another object, one that has not is the same. */
export class ListSender<T extends object> {
  #places = new Map<T, number>()

  patch(list: readonly T[]): ListPatch<T> {
    const places = this.#places
    this.#places = new Map(list.map((row, i) => [row, i]))
    return {
      from: Int32Array.from(list, (row) => places.get(row) ?? -1),
      fresh: list.filter((row) => !places.has(row)),
    }
  }
}

/** Takes in every patch of one sender, in order. */
export class ListReceiver<T extends object> {
  #list: readonly T[] = []

  take({ from, fresh }: ListPatch<T>): readonly T[] {
    const before = this.#list
    let next = 0
    this.#list = Array.from(from, (place) => (place < 0 ? fresh[next++] : before[place])).filter(
      (row) => row !== undefined,
    )
    return this.#list
  }
}
