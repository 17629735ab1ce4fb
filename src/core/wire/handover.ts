/**
 * What two speakers of ours say to each other when an address changes hands, as a memberlist `user`
 * message, which MetalLB's speakers pass over:
 *
 *   3 bytes: "bw", version 1
 *   1 byte : 1 = give (it is yours: take it), 2 = taken (I have announced it: be silent),
 *            3 = want (mine by my reckoning: give it)
 *   6 bytes: number, higher in each message of a sender than in the one before
 *   1 byte : length of the sender's name, then the name in UTF-8
 *   rest   : addresses, each its length (4 or 16) and its bytes
 */
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import { formatIp, ipFromBytes, ipToBytes, parseIp } from '../net/ip.ts'
import { bigEndian, concat, readBigEndian } from './memberlist/bytes.ts'
import { decodeUtf8, encodeUtf8 } from './memberlist/utf8.ts'

export interface HandoverMessage {
  readonly kind: 'give' | 'taken' | 'want'
  /** Name of the member that says so. */
  readonly from: string
  /** Higher than in what it said before: datagrams overtake each other. Less than 2^48. */
  readonly seq: number
  /** Canonical texts. */
  readonly ips: readonly string[]
}

export type HandoverDrop = 'notHandover' | 'unknownKind' | 'truncated' | 'badName' | 'badAddress'

const MAGIC = [0x62, 0x77, 0x01]
const KINDS = ['give', 'taken', 'want'] as const
const SEQ_AT = 4
const LENGTH_AT = 10
const NAME_AT = 11
/** Of addresses in one message: with a name and memberlist's own framing it stays within 1,400. */
const MOST_BYTES = 1000

/** As few messages as hold them all. */
export function encodeHandover({ kind, from, seq, ips }: HandoverMessage): Uint8Array[] {
  const name = encodeUtf8(from)
  const head = concat(
    Uint8Array.of(...MAGIC, KINDS.indexOf(kind) + 1),
    bigEndian(seq, 6),
    Uint8Array.of(name.length),
  )
  const messages: Uint8Array[][] = []
  let room = 0
  for (const text of ips) {
    const ip = parseIp(text)
    if (!ip) continue
    const bytes = ipToBytes(ip)
    if (room < 1 + bytes.length) {
      messages.push([head, name])
      room = MOST_BYTES
    }
    messages.at(-1)?.push(Uint8Array.of(bytes.length), bytes)
    room -= 1 + bytes.length
  }
  return messages.map((parts) => concat(...parts))
}

export function decodeHandover(bytes: Uint8Array): Decoded<HandoverMessage, HandoverDrop> {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) return drop('notHandover')
  const kind = KINDS[(bytes[3] ?? 0) - 1]
  if (!kind) return drop('unknownKind')
  const ipsAt = NAME_AT + (bytes[LENGTH_AT] ?? 0)
  if (bytes.length < ipsAt) return drop('truncated')
  const from = decodeUtf8(bytes.subarray(NAME_AT, ipsAt))
  if (!from) return drop('badName')
  const ips: string[] = []
  for (let at = ipsAt; at < bytes.length;) {
    const end = at + 1 + (bytes[at] ?? 0)
    if (end > bytes.length) return drop('truncated')
    const ip = ipFromBytes(bytes.subarray(at + 1, end))
    if (!ip) return drop('badAddress')
    ips.push(formatIp(ip))
    at = end
  }
  return decoded({ kind, from, seq: readBigEndian(bytes, SEQ_AT, 6), ips })
}
