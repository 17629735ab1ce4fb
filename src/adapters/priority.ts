/** Which thread has a processor where there are not enough for all: nice(2) and sched_setattr(2). */
import { getPriority, setPriority } from 'node:os'
import { schedSetattr } from './libc.ts'

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

const SLICE_NS = 100_000n
/** `struct sched_attr` in its first version. */
const SCHED_ATTR_SIZE = 48

/**
 * This thread has little to do, but at once: its turns are the shortest there are, so that it does not wait
 * for the end of another's, which is 3 ms and more. It gets no more of a processor by that, and needs no privilege. Linux
 * heeds it from 6.12 on (EEVDF: `sched_runtime` of SCHED_OTHER is the slice); older ones do not mind.
 */
export function takeShortTurns(): void {
  const attributes = new DataView(new ArrayBuffer(SCHED_ATTR_SIZE))
  attributes.setUint32(0, SCHED_ATTR_SIZE, true)
  try {
    // As it is: 0 is this thread.
    attributes.setInt32(16, getPriority(0), true)
  } catch {
    // A sandbox forbids it: turns stay as long as they are.
    return
  }
  attributes.setBigUint64(24, SLICE_NS, true)
  schedSetattr(new Uint8Array(attributes.buffer))
}
