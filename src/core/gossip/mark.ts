/**
 * What a member of ours says of itself in the meta data of its alive message: that it is one, so that
 * others know it watches (watch.ts), whether it is settled (settling.ts), and on which interfaces it
 * cannot announce (core/announce/uplinks.ts). MetalLB's speakers send none, and pass on ours unread.
 *
 *     "bw" 1 | flags | for each interface: 1 byte length, and its state | name, a byte a letter
 *
 * Later versions may append an interface of length 0 and what they like.
 */
import type { UplinkState, Uplinks } from '../announce/uplinks.ts'

const MAGIC = [0x62, 0x77, 0x01] // "bw", version
const SETTLED = 0x01
/** It knows how to spread addresses evenly (core/election/spread.ts), in the way of this version. */
const SPREADS = 0x02
const UPLINKS_AT = MAGIC.length + 1
const RETURNING = 0x80
/** memberlist's MetaMaxSize. What does not fit in is not told: it counts as up. */
const MOST_BYTES = 512

export function markOf(settled: boolean, uplinks: Uplinks = new Map()): Uint8Array {
  const bytes = [...MAGIC, SPREADS | (settled ? SETTLED : 0)]
  for (const [name, state] of uplinks) {
    if (bytes.length + 1 + name.length > MOST_BYTES) break
    bytes.push(name.length | (state === 'returning' ? RETURNING : 0))
    for (let i = 0; i < name.length; i++) bytes.push(name.charCodeAt(i))
  }
  return Uint8Array.from(bytes)
}

export const isMarked = (meta: Uint8Array): boolean => MAGIC.every((byte, i) => meta[i] === byte)

/** True of those that may take back what they owned before. Others than ours never wait. */
export const isSettled = (meta: Uint8Array): boolean => !isMarked(meta) || has(meta, SETTLED)

export const spreads = (meta: Uint8Array): boolean => isMarked(meta) && has(meta, SPREADS)

/** Empty of others than ours, and from where it makes no sense. */
export function uplinksOf(meta: Uint8Array): Uplinks {
  const uplinks = new Map<string, UplinkState>()
  if (!isMarked(meta)) return uplinks
  for (let at = UPLINKS_AT; at < meta.length;) {
    const head = meta[at] ?? 0
    const length = head & ~RETURNING
    const name = meta.subarray(at + 1, at + 1 + length)
    if (length === 0 || name.length < length) break
    uplinks.set(String.fromCharCode(...name), (head & RETURNING) === 0 ? 'down' : 'returning')
    at += 1 + length
  }
  return uplinks
}

const has = (meta: Uint8Array, flag: number): boolean => ((meta[MAGIC.length] ?? 0) & flag) !== 0
