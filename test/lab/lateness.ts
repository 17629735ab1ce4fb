/**
 * How long the machine kept this process waiting. Where a bound is the product's promise, a test gives it so
 * much more: a hypervisor that takes the processors away stops those who are tested, too.
 */

const EVERY_MS = 10
/** Less is what a process that sleeps has to expect at any time, and does not add up. */
const LEAST_MS = 20

let [last, sum] = [performance.now(), 0]

function look(): void {
  const now = performance.now()
  const lateMs = now - last - EVERY_MS
  last = now
  if (lateMs >= LEAST_MS) sum += lateMs
}
setInterval(look, EVERY_MS).unref()

/** What it returns tells for how many ms it was late since now, all in all. */
export function lateness(): () => number {
  look()
  const before = sum
  return () => {
    look()
    return sum - before
  }
}
