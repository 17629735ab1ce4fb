/** What of a process's memory the kernel need not keep for it. */
import { readFileSync } from 'node:fs'
import { madvise } from './libc.ts'

const DONTNEED = 4

/**
 * Unmaps the pages of files (Node's own, mostly) that have been read and not written to; what is used
 * again comes back from the page cache, by the page. Most were needed for nothing but to start: of 50 MiB
 * of Node's file some 20 come back. The kernel may drop the others before what is in use.
 */
export function unmapFilePages(): void {
  let smaps: string
  try {
    smaps = readFileSync('/proc/self/smaps', 'utf8')
  } catch {
    // A sandbox has none: all stays mapped, as it was.
    return
  }
  // Where one is refused, it stays as it was.
  for (const { at, bytes } of cleanFileMappings(smaps)) madvise(at, bytes, DONTNEED)
}

/** An address, and how many bytes from there on. */
export interface Mapping {
  readonly at: bigint
  readonly bytes: number
}

/**
 * Of `/proc/PID/smaps` those of files that are not writable and have no page of the process's own, here or
 * swapped out: one that was written to before, as relocated tables of addresses are, would be as in the
 * file again.
 */
export function cleanFileMappings(smaps: string): Mapping[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((text) => {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* +\//.exec(text) ?? []
    if (from === undefined || to === undefined) return []
    if (!/^Anonymous: +0 kB$/m.test(text) || !/^Swap: +0 kB$/m.test(text)) return []
    const at = BigInt(`0x${from}`)
    return [{ at, bytes: Number(BigInt(`0x${to}`) - at) }]
  })
}
