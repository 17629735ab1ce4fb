/** The compress message: `09`, then {Algo, Buf}; the only algorithm is LZW (0). */
import type { Decoded } from '../../decoded.ts'
import { decoded, drop } from '../../decoded.ts'
import { concat } from './bytes.ts'
import { lzwDecode, lzwEncode } from './lzw.ts'
import type { LzwDrop } from './lzw.ts'
import { TYPE } from './messages.ts'
import { codec } from './msgpack.ts'
import type { MsgpackDrop } from './msgpack.ts'

const COMPRESS = codec({ algo: 'u8', buf: 'bytes' })
const LZW = 0

export type CompressDrop = MsgpackDrop | LzwDrop | 'unknownCompression'

export const compress = (bytes: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(TYPE.compress), COMPRESS.encode({ algo: LZW, buf: lzwEncode(bytes) }))

/** `bytes` begins with the type byte; the result is at most `limit` bytes long. */
export function decompress(bytes: Uint8Array, limit: number): Decoded<Uint8Array, CompressDrop> {
  const struct = COMPRESS.decode(bytes, 1)
  if (!struct.ok) return struct
  const { algo, buf } = struct.value.value
  if (algo !== LZW) return drop('unknownCompression')
  const plain = lzwDecode(buf, limit)
  return plain.ok ? decoded(plain.value) : plain
}
