/** UTF-8 (RFC 3629) for the names on the wire: the core's library has no TextEncoder. */

const REPLACEMENT = 0xfffd

/** A lone surrogate becomes U+FFFD, as with TextEncoder. */
export function encodeUtf8(text: string): Uint8Array {
  const out: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0) ?? REPLACEMENT
    const code = point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point
    if (code < 0x80) out.push(code)
    else if (code < 0x800) out.push(0xc0 | (code >> 6), tail(code))
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), tail(code >> 6), tail(code))
    else out.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code))
  }
  return Uint8Array.from(out)
}

const tail = (bits: number): number => 0x80 | (bits & 0x3f)

/**
 * Undefined where the bytes are not UTF-8. Strict, so that a name has one spelling only and is
 * passed on exactly as it came.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const parts: string[] = []
  for (let i = 0; i < bytes.length;) {
    const lead = bytes[i++] ?? 0
    const more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3
    if (more < 0 || lead > 0xf4) return undefined
    let code = more === 0 ? lead : lead & (0x3f >> more)
    for (let j = 0; j < more; j++) {
      const next = bytes[i++]
      if (next === undefined || next >> 6 !== 2) return undefined
      code = (code << 6) | (next & 0x3f)
    }
    const overlong = (more === 2 && code < 0x800) || (more === 3 && code < 0x10000)
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined
    parts.push(String.fromCodePoint(code))
  }
  return parts.join('')
}
