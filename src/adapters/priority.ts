/** How much of a processor a thread gets where there is not enough for all: nice(2). */
import { getPriority, setPriority } from 'node:os'

const NICE = 10

/**
 * The main thread lets all others of this process go first, so that a flood of API events does not keep
 * the wire waiting. Linux has a niceness for each thread (setpriority(2)), and threads started later take
 * that of who starts them: so the others are to be started before.
 */
export function stepBack(): void {
  try {
    // To be less nice than before would need a privilege.
    if (getPriority(process.pid) < NICE) setPriority(process.pid, NICE)
  } catch {
    // A sandbox forbids it: then all threads are alike, as they were.
  }
}
