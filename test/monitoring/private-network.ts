/** A network namespace for this process and all that it starts from now on: ports and segment are its own. */
import koffi from 'koffi'
import { needRoot } from '../lab/processes.ts'

const CLONE_NEWNET = 0x40000000

/** Of the thread that calls, which must be the one that opens sockets and starts processes: main. */
export function enterPrivateNetwork(): void {
  needRoot()
  const unshare = koffi.load(null).func('int unshare(int flags)') as (flags: number) => number
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`)
}
