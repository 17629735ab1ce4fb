/** Byte arrays: joined and compared. */

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/**
 * What is kept must not hold on to the datagram it came in. Not `slice`: that of Node's Buffer, which
 * datagrams and decrypted bytes are, is a view.
 */
export const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

/** `value` in `size` bytes, most significant first. */
export function bigEndian(value: number, size: 1 | 2 | 4 | 6): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = size - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest
  return bytes
}

/** The `size` bytes at `at` as a number; the caller has checked that they are there. */
export function readBigEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

export const EMPTY = new Uint8Array(0)
