/** Awaits a condition of the world outside, and says what was seen last when it does not come. */
import { setTimeout as delay } from 'node:timers/promises'
import { lateness } from './lateness.ts'

/**
 * Calls `look` until it answers something other than undefined or false, and returns that. An
 * exception of `look` counts as "not yet". Rejects after `timeoutMs` with `what` and the last
 * answer or error. What the machine kept this process waiting does not count, and the last look begins when
 * the time is over.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 60_000, everyMs = 200 } = {},
): Promise<T> {
  const [began, late] = [performance.now(), lateness()]
  let last: unknown
  for (;;) {
    const isLast = performance.now() - began - late() > timeoutMs
    try {
      const seen = await look()
      if (seen !== undefined && seen !== false) return seen
      last = seen
    } catch (error) {
      last = error instanceof Error ? error.message : error
    }
    if (isLast) {
      throw new Error(`waited ${timeoutMs / 1000} s for ${what}; last: ${String(last)}`)
    }
    await delay(everyMs)
  }
}

/** Awaits that `check` passes: its assertions say what is missing. */
export async function passes(what: string, check: () => Promise<void> | void): Promise<void> {
  await until(what, async () => {
    await check()
    return true
  })
}
