/**
 * How long the machine kept this process waiting. Where a bound is the product's promise, a test gives it so
 * much more: a hypervisor that takes the processors away stops those who are tested, too.
 */

const EVERY_MS = 10
/** Less is what a process that sleeps has to expect at any time, and does not add up. */
const LEAST_MS = 20

/** Begins to look; what it returns ends that, and tells how many ms it was late, all in all. */
export function lateness(): () => number {
  let [last, sum] = [performance.now(), 0]
  const look = () => {
    const now = performance.now()
    const lateMs = now - last - EVERY_MS
    last = now
    if (lateMs >= LEAST_MS) sum += lateMs
  }
  const ticker = setInterval(look, EVERY_MS).unref()
  return () => {
    look()
    clearInterval(ticker)
    return sum
  }
}
