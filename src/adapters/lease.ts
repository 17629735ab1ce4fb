/**
 * For how long one thread vouches for what it told another, a moment in memory that both share; and
 * whether it has said something since. The clock is the kernel's monotonic one, which goes on while a
 * process is stopped, and is the same in all threads (performance.now() is not).
 */
export const newLease = (): SharedArrayBuffer => new SharedArrayBuffer(16)

const UNTIL = 0
const SAID = 1

const now = (): bigint => process.hrtime.bigint()

export class Lease {
  readonly #cells: BigInt64Array

  constructor(shared: SharedArrayBuffer) {
    this.#cells = new BigInt64Array(shared)
  }

  /** From now on for `ms`; Infinity: until it is renewed otherwise. */
  renew(ms: number): void {
    const until = ms === Infinity ? 2n ** 63n - 1n : now() + BigInt(Math.round(ms * 1e6))
    Atomics.store(this.#cells, UNTIL, until)
  }

  get holds(): boolean {
    return now() <= Atomics.load(this.#cells, UNTIL)
  }

  /** A message has been posted. */
  said(): void {
    Atomics.store(this.#cells, SAID, 1n)
  }

  /** True once after `said`: cheap enough to be looked at for each frame. */
  unheard(): boolean {
    return Atomics.load(this.#cells, SAID) === 1n && Atomics.exchange(this.#cells, SAID, 0n) === 1n
  }
}
