/**
 * For how long one thread vouches for what it told another: a moment in memory that both share. The
 * clock is the kernel's monotonic one, which goes on while a process is stopped, and is the same in all
 * threads (performance.now() is not).
 */
export const newLease = (): SharedArrayBuffer => new SharedArrayBuffer(8)

const now = (): bigint => process.hrtime.bigint()

export class Lease {
  readonly #until: BigInt64Array

  constructor(shared: SharedArrayBuffer) {
    this.#until = new BigInt64Array(shared)
  }

  /** From now on for `ms`; Infinity: until it is renewed otherwise. */
  renew(ms: number): void {
    const until = ms === Infinity ? 2n ** 63n - 1n : now() + BigInt(Math.round(ms * 1e6))
    Atomics.store(this.#until, 0, until)
  }

  get holds(): boolean {
    return now() <= Atomics.load(this.#until, 0)
  }
}
