/** Time as the shells see it. Core never calls this: it takes `now` as an argument. */
export interface Clock {
  /** Milliseconds since some fixed point; never goes back, does not follow the wall clock. */
  now(): number
  /** Calls `fire` once after `ms` milliseconds. Cancelling twice, or late, is harmless. */
  after(ms: number, fire: () => void): { cancel(): void }
}
