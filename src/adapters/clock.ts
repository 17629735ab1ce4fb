/** Real time. */
import type { Clock } from '../ports/clock.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, fire) {
    const timer = setTimeout(fire, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
