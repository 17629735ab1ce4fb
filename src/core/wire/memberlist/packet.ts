/**
 * What goes into a datagram, from the inside out: message or compound, compression, CRC, encryption,
 * label (hashicorp/memberlist net.go, rawSendMsgPacket and ingestPacket).
 */
import { EMPTY, bigEndian, concat, readBigEndian } from './bytes.ts'
import { compress, decompress } from './compress.ts'
import type { CompressDrop } from './compress.ts'
import { crc32 } from './crc32.ts'
import { TYPE, decodeMessage } from './messages.ts'
import type { Message, MessageDrop } from './messages.ts'
import { ENCRYPTION_OVERHEAD, labelHeader, open, seal, sealingKey, stripLabel } from './security.ts'
import type { Security, SecurityDrop } from './security.ts'

export type PacketDrop =
  | MessageDrop
  | CompressDrop
  | SecurityDrop
  | 'badCrc'
  | 'compoundTruncated'
  | 'nestedTooDeep'
  | 'tooManyMessages'

/** The most messages one compound can hold. */
export const COMPOUND_MAX = 255
/** What a compound adds: type and count, and for each message its length. */
export const COMPOUND_OVERHEAD = 2
export const COMPOUND_ENTRY = 2
/** Bounds on what one datagram may unfold to; those of honest peers stay far below. */
const MAX_UNFOLDED = 512 * 1024
const MAX_MESSAGES = 4096
const MAX_DEPTH = 8
/** Not worth trying below: compression costs 15 bytes before it saves any. Acks are that short. */
const SHORTEST_COMPRESSED = 40

/** What label and encryption add. */
export const packetOverhead = (security: Security): number =>
  labelHeader(security.label).length + (sealingKey(security) ? ENCRYPTION_OVERHEAD : 0)

/** `messages`: encoded, at most COMPOUND_MAX. One goes bare. */
export function compound(messages: readonly Uint8Array[]): Uint8Array {
  const [only] = messages
  if (only && messages.length === 1) return only
  const lengths = messages.map((message) => bigEndian(message.length, 2))
  return concat(Uint8Array.of(TYPE.compound, messages.length), ...lengths, ...messages)
}

export interface PacketForm {
  /** Used only where it makes the packet shorter. */
  readonly compression: boolean
  /** For peers whose PMax is 5 or more. */
  readonly crc: boolean
}

export function encodePacket(plain: Uint8Array, form: PacketForm, security: Security): Uint8Array {
  const { compression = true } = security
  const worth = form.compression && compression && plain.length >= SHORTEST_COMPRESSED
  const compressed = worth ? compress(plain) : plain
  const shorter = compressed.length < plain.length ? compressed : plain
  const checked = form.crc
    ? concat(Uint8Array.of(TYPE.hasCrc), bigEndian(crc32(shorter), 4), shorter)
    : shorter
  const key = sealingKey(security)
  const sealed = key ? seal(security, key, checked, security.label) : checked
  return concat(labelHeader(security.label), sealed)
}

export interface Unpacked {
  readonly messages: readonly Message[]
  /** One for each part that could not be used; the other parts still count. */
  readonly drops: readonly PacketDrop[]
}

export function decodePacket(datagram: Uint8Array, security: Security): Unpacked {
  const none = (reason: PacketDrop): Unpacked => ({ messages: [], drops: [reason] })
  const labelled = stripLabel(datagram, security.label)
  if (!labelled.ok) return none(labelled.reason)
  const { keys, label, verifyIncoming = true } = security
  const opened = keys.length > 0 ? open(security, labelled.value, label) : labelled
  if (!opened.ok && verifyIncoming) return none(opened.reason)
  let plain = opened.ok ? opened.value : labelled.value
  if (plain[0] === TYPE.hasCrc && plain.length >= 5) {
    const body = plain.subarray(5)
    if (crc32(body) !== readBigEndian(plain, 1, 4)) return none('badCrc')
    plain = body
  }
  return unfold(plain)
}

function unfold(plain: Uint8Array): Unpacked {
  const messages: Message[] = []
  const drops: PacketDrop[] = []
  const pending = [{ bytes: plain, depth: 0 }]
  let room = MAX_UNFOLDED
  for (let handled = 0; pending.length > 0; handled++) {
    const { bytes, depth } = pending.pop() ?? { bytes: EMPTY, depth: 0 }
    const type = bytes[0]
    if (handled >= MAX_MESSAGES) {
      drops.push('tooManyMessages')
      break
    }
    if (depth > MAX_DEPTH) drops.push('nestedTooDeep')
    else if (type === TYPE.compress) {
      const inner = decompress(bytes, room)
      if (inner.ok) {
        room -= inner.value.length
        pending.push({ bytes: inner.value, depth: depth + 1 })
      } else {
        // Its work is done all the same: a compound of many such must not cost as much each.
        if (inner.reason === 'lzwTooLong') room = 0
        drops.push(inner.reason)
      }
    } else if (type === TYPE.compound) {
      const { parts, complete } = splitCompound(bytes)
      if (!complete) drops.push('compoundTruncated')
      // Last in, first out: reversed, so that they are handled in the order they came.
      for (const part of parts.reverse()) pending.push({ bytes: part, depth: depth + 1 })
    } else {
      const message = decodeMessage(bytes)
      if (message.ok) messages.push(message.value)
      else drops.push(message.reason)
    }
  }
  return { messages, drops }
}

/** Bodies cut off at the end are lost; a table of lengths cut off loses all. */
function splitCompound(bytes: Uint8Array): { parts: Uint8Array[]; complete: boolean } {
  const parts: Uint8Array[] = []
  const count = bytes[1]
  if (count === undefined) return { parts, complete: false }
  let at = 2 + 2 * count
  if (at > bytes.length) return { parts, complete: false }
  for (let i = 0; i < count; i++) {
    const length = readBigEndian(bytes, 2 + 2 * i, 2)
    if (at + length > bytes.length) return { parts, complete: false }
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  return { parts, complete: true }
}
