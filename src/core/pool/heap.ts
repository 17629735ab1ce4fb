/** Numbers of which the least is wanted first; each is in it once. */
export class Heap {
  readonly #items: bigint[] = []
  readonly #members = new Set<bigint>()

  get least(): bigint | undefined {
    return this.#items[0]
  }

  add(value: bigint): void {
    if (this.#members.has(value)) return
    this.#members.add(value)
    const items = this.#items
    let at = items.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = items[above]
      if (parent === undefined || parent <= value) break
      items[at] = parent
      at = above
    }
    items[at] = value
  }

  removeLeast(): void {
    const items = this.#items
    const least = items[0]
    const last = items.pop()
    if (least === undefined || last === undefined) return
    this.#members.delete(least)
    if (items.length === 0) return
    let at = 0
    for (;;) {
      const below = this.#lesserChild(at)
      const child = items[below]
      if (child === undefined || child >= last) break
      items[at] = child
      at = below
    }
    items[at] = last
  }

  #lesserChild(at: number): number {
    const left = 2 * at + 1
    const [a, b] = [this.#items[left], this.#items[left + 1]]
    return a !== undefined && b !== undefined && b < a ? left + 1 : left
  }
}
