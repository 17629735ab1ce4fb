/** The packet thread blocks in poll(2); an eventfd in its poll set ends that. */
import { writeSync } from 'node:fs'

const ONE = new Uint8Array(new BigUint64Array([1n]).buffer)

export function wake(eventfd: number): void {
  writeSync(eventfd, ONE)
}
