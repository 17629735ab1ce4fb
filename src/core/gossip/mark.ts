/**
 * What a member of ours says of itself in the meta data of its alive message: that it is one, so that
 * others know it watches (watch.ts), and whether it is settled (settling.ts). MetalLB's speakers send
 * none, and pass on ours unread.
 */

const MAGIC = [0x62, 0x77, 0x01] // "bw", version
const SETTLED = 0x01

/** Meta data: three bytes of magic, one of flags. */
export const markOf = (settled: boolean): Uint8Array =>
  Uint8Array.of(...MAGIC, settled ? SETTLED : 0)

/** Later versions may append: what follows is passed over. */
export const isMarked = (meta: Uint8Array): boolean => MAGIC.every((byte, i) => meta[i] === byte)

/** True of those that may take back what they owned before. Others than ours never wait. */
export const isSettled = (meta: Uint8Array): boolean =>
  !isMarked(meta) || ((meta[MAGIC.length] ?? 0) & SETTLED) !== 0
