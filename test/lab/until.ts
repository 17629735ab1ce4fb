/** Awaits a condition of the world outside, and says what was seen last when it does not come. */
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Calls `look` until it answers something other than undefined or false, and returns that. An
 * exception of `look` counts as "not yet". Rejects after `timeoutMs` with `what` and the last
 * answer or error. The last look begins after that time, however long this process was kept from looking.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 60_000, everyMs = 200 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    const isLast = performance.now() > deadline
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
