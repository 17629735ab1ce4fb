/**
 * What a member of ours says of itself in the meta data of its alive message: that it is one, so that
 * others know it watches (watch.ts). MetalLB's speakers send none, and pass on ours unread.
 */

const MAGIC = [0x62, 0x77, 0x01] // "bw", version

export const MARK = Uint8Array.from(MAGIC)

/** Later versions may append: what follows is passed over. */
export const isMarked = (meta: Uint8Array): boolean => MAGIC.every((byte, i) => meta[i] === byte)
