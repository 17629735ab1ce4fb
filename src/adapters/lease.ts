/**
 * For how long one thread vouches for what it told another, a moment in memory that both share; and
 * whether it has said something since. The clock is the kernel's monotonic one, which goes on while a
 * process is stopped, and is the same in all threads (performance.now() is not).
 */
export const newLease = (): SharedArrayBuffer => new SharedArrayBuffer(12)

/** Until when, in ms; whether for ever; whether something was said. 32 bits, since those are read without an allocation. */
const UNTIL = 0
const ALWAYS = 1
const SAID = 2

/** What performance.now() is behind: each thread's begins at its own start. */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Wraps around every 50 days: moments are compared by their difference. */
const now = (): number => Math.floor(performance.now() + offsetMs) | 0

export class Lease {
  readonly #cells: Int32Array

  constructor(shared: SharedArrayBuffer) {
    this.#cells = new Int32Array(shared)
  }

  /** From now on for `ms`; Infinity: until it is renewed otherwise. */
  renew(ms: number): void {
    Atomics.store(this.#cells, UNTIL, (now() + Math.min(Math.round(ms), LONGEST_MS)) | 0)
    Atomics.store(this.#cells, ALWAYS, ms === Infinity ? 1 : 0)
  }

  get holds(): boolean {
    if (Atomics.load(this.#cells, ALWAYS) === 1) return true
    return ((Atomics.load(this.#cells, UNTIL) - now()) | 0) >= 0
  }

  /** A message has been posted. */
  said(): void {
    Atomics.store(this.#cells, SAID, 1)
  }

  /** True once after `said`: cheap enough to be looked at for each frame. */
  unheard(): boolean {
    return Atomics.load(this.#cells, SAID) === 1 && Atomics.exchange(this.#cells, SAID, 0) === 1
  }
}

/** A third of what two moments can be apart. */
const LONGEST_MS = 2 ** 29
