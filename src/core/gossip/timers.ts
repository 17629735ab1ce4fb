/**
 * What is to happen when, in a state machine without a clock: the shell asks for the next deadline.
 * A binary heap. What is cancelled stays in it as a hollow entry until it comes up, or until half of
 * all are hollow: so cancelling costs little, and memory is at most twice what is pending.
 */

interface Timer {
  readonly at: number
  readonly sequence: number
  /** Undefined: fired or cancelled. */
  fire: ((now: number) => void) | undefined
}

const before = (a: Timer, b: Timer): boolean =>
  a.at < b.at || (a.at === b.at && a.sequence < b.sequence)

export class Timers {
  /** Each is before its children, which stand at 2i + 1 and 2i + 2. */
  #heap: Timer[] = []
  #hollow = 0
  #sequence = 0

  /** How many are pending. */
  get size(): number {
    return this.#heap.length - this.#hollow
  }

  /** Returns what cancels it; cancelling late is harmless. */
  set(at: number, fire: (now: number) => void): () => void {
    const timer: Timer = { at, sequence: this.#sequence++, fire }
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1)
    return () => this.#cancel(timer)
  }

  next(): number | undefined {
    return this.#first()?.at
  }

  /** By how many ms the earliest is overdue; 0: nothing is. */
  lateBy(now: number): number {
    return Math.max(0, now - (this.next() ?? Infinity))
  }

  /** Fires all that is due, earliest first; what a firing sets in the past fires too. */
  run(now: number): void {
    for (let timer = this.#first(); timer && timer.at <= now; timer = this.#first()) {
      this.#removeFirst()
      const { fire } = timer
      timer.fire = undefined
      fire?.(now)
    }
  }

  clear(): void {
    for (const timer of this.#heap) timer.fire = undefined
    this.#heap = []
    this.#hollow = 0
  }

  #cancel(timer: Timer): void {
    if (!timer.fire) return
    timer.fire = undefined
    this.#hollow++
    if (this.#hollow * 2 <= this.#heap.length) return
    this.#heap = this.#heap.filter(({ fire }) => fire)
    this.#hollow = 0
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i)
  }

  #first(): Timer | undefined {
    for (let first = this.#heap[0]; first && !first.fire; first = this.#heap[0]) {
      this.#removeFirst()
      this.#hollow--
    }
    return this.#heap[0]
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (!last || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(from: number): void {
    const timer = this.#heap[from]
    let at = from
    while (timer && at > 0) {
      const above = (at - 1) >> 1
      const parent = this.#heap[above]
      if (!parent || before(parent, timer)) break
      this.#heap[at] = parent
      at = above
    }
    if (timer) this.#heap[at] = timer
  }

  #sink(from: number): void {
    const timer = this.#heap[from]
    let at = from
    while (timer) {
      const left = this.#heap[2 * at + 1]
      const right = this.#heap[2 * at + 2]
      const child = left && right && before(right, left) ? right : left
      if (!child || before(timer, child)) break
      this.#heap[at] = child
      at = child === left ? 2 * at + 1 : 2 * at + 2
    }
    if (timer) this.#heap[at] = timer
  }
}
