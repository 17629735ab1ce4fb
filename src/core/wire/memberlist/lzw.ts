/**
 * LZW as Go's compress/lzw with LSB order and 8-bit literals, which memberlist uses: GIF's variant,
 * codes of 9 to 12 bits, clear = 256, end = 257. The end code is mandatory.
 */
import type { Decoded } from '../../decoded.ts'
import { decoded, drop } from '../../decoded.ts'

const CLEAR = 256
const END = 257
const MAX_CODE = 4095

export type LzwDrop = 'lzwBadCode' | 'lzwNoEnd' | 'lzwTooLong'

export function lzwEncode(input: Uint8Array): Uint8Array {
  const out: number[] = []
  let bits = 0
  let held = 0
  let width = 9
  let high = END
  const table = new Map<number, number>()
  const emit = (code: number) => {
    bits |= code << held
    held += width
    for (; held >= 8; held -= 8, bits >>>= 8) out.push(bits & 0xff)
  }
  /** Counts a data code. False: the table was full and is empty now. */
  const count = (): boolean => {
    high++
    if (high === 1 << width) width++
    if (high < MAX_CODE) return true
    width = 12
    emit(CLEAR)
    width = 9
    high = END
    table.clear()
    return false
  }
  emit(CLEAR)
  let prefix: number | undefined
  for (const byte of input) {
    if (prefix === undefined) {
      prefix = byte
      continue
    }
    const key = prefix * 256 + byte
    const known = table.get(key)
    if (known !== undefined) {
      prefix = known
      continue
    }
    emit(prefix)
    if (count()) table.set(key, high)
    prefix = byte
  }
  if (prefix !== undefined) {
    emit(prefix)
    count()
  }
  emit(END)
  if (held > 0) out.push(bits & 0xff)
  return Uint8Array.from(out)
}

/** `limit`: the most bytes it may yield; beyond that it stops with `lzwTooLong`. */
export function lzwDecode(input: Uint8Array, limit: number): Decoded<Uint8Array, LzwDrop> {
  const suffix = new Uint8Array(MAX_CODE + 1)
  const prefix = new Uint16Array(MAX_CODE + 1)
  /** How long the string of a code is; a literal's is 1. */
  const lengths = new Uint16Array(MAX_CODE + 1).fill(1)
  let out = new Uint8Array(Math.min(limit, 256))
  let length = 0
  let at = 0
  let bits = 0
  let held = 0
  let width = 9
  let high = END
  let last: number | undefined
  for (;;) {
    for (; held < width; held += 8) {
      const byte = input[at++]
      if (byte === undefined) return drop('lzwNoEnd')
      bits |= byte << held
    }
    const code = bits & ((1 << width) - 1)
    bits >>>= width
    held -= width
    if (code === END) return decoded(out.subarray(0, length))
    if (code === CLEAR) {
      width = 9
      high = END
      last = undefined
      continue
    }
    if (code > high || (code === high && last === undefined)) return drop('lzwBadCode')
    // A code that is not in the table yet is the last string plus its own first byte.
    const fresh = code === high && last !== undefined && code > END
    const known = fresh ? (last ?? 0) : code
    const end = length + (lengths[known] ?? 0)
    const next = fresh ? end + 1 : end
    if (next > limit) return drop('lzwTooLong')
    if (next > out.length) out = grown(out, Math.min(limit, Math.max(next, out.length * 2)))
    // From its end: each code is its last byte and the code of what is before.
    let walk = known
    for (let to = end - 1; to > length; walk = prefix[walk] ?? 0) out[to--] = suffix[walk] ?? 0
    const first = walk
    out[length] = first
    if (fresh) out[end] = first
    length = next
    if (last !== undefined && high <= MAX_CODE) {
      suffix[high] = first
      prefix[high] = last
      lengths[high] = (lengths[last] ?? 0) + 1
    }
    last = code
    high++
    if (high >= 1 << width) {
      if (width === 12) {
        // Go: the table is full, codes stay as they are until a clear.
        last = undefined
        high--
      } else width++
    }
  }
}

function grown(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size)
  larger.set(bytes)
  return larger
}
