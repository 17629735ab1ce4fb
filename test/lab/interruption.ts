/** Work that leaves nothing behind when it fails, or when the user or the system ends it half-way. */
import { constants } from 'node:os'
import { abortable } from './processes.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `work`. If it fails, runs `cleanUp` and passes the failure on; if a signal arrives, ends the
 * commands of `work`, runs `cleanUp` and exits as the signal would have it.
 */
export async function orCleanUp<T>(
  work: () => Promise<T>,
  cleanUp: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  const controller = new AbortController()
  const interrupted = Promise.withResolvers<never>()
  let received: (typeof SIGNALS)[number] | undefined
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    received ??= signal
    controller.abort(new Error(`interrupted by ${signal}`))
    interrupted.reject(controller.signal.reason as Error)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  try {
    return await Promise.race([abortable(controller.signal, work), interrupted.promise])
  } catch (error) {
    // Parts of it that still run are not to start anything any more.
    controller.abort(error)
    await cleanUp()
    if (received !== undefined) {
      process.stderr.write('interrupted, cleaned up\n')
      process.exit(128 + constants.signals[received])
    }
    throw error
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}
