/** memberlist's messages: a type byte and a struct (hashicorp/memberlist net.go). */
import type { Decoded } from '../../decoded.ts'
import { decoded, drop } from '../../decoded.ts'
import { concat, copyOf } from './bytes.ts'
import { overLimit } from './limits.ts'
import type { LimitDrop } from './limits.ts'
import { codec } from './msgpack.ts'
import type { MsgpackDrop, Schema, Struct } from './msgpack.ts'

export const TYPE = {
  ping: 0,
  indirectPing: 1,
  ackResp: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nackResp: 11,
  hasCrc: 12,
  err: 13,
  hasLabel: 244,
} as const

const source = { sourceAddr: 'bytes?', sourceNode: 'str?', sourcePort: 'u16?' } as const
const accusation = { from: 'str', incarnation: 'u32', node: 'str' } as const

const PING = { node: 'str', seqNo: 'u32', ...source } as const
const INDIRECT_PING = {
  nack: 'bool',
  node: 'str',
  port: 'u16',
  seqNo: 'u32',
  target: 'bytes',
  ...source,
} as const
const ACK = { payload: 'bytes', seqNo: 'u32' } as const
const NACK = { seqNo: 'u32' } as const
const ALIVE = {
  addr: 'bytes',
  incarnation: 'u32',
  meta: 'bytes',
  node: 'str',
  port: 'u16',
  vsn: 'bytes',
} as const

/** Messages that travel alone in a datagram, in compounds, and (ping, ack) on streams. */
export const STRUCTS = {
  ping: codec(PING),
  indirectPing: codec(INDIRECT_PING),
  ackResp: codec(ACK),
  nackResp: codec(NACK),
  suspect: codec(accusation),
  dead: codec(accusation),
  alive: codec(ALIVE),
} as const

type Kind<K extends string, S extends Schema> = { readonly kind: K } & Struct<S>
export type Ping = Kind<'ping', typeof PING>
export type IndirectPing = Kind<'indirectPing', typeof INDIRECT_PING>
export type Ack = Kind<'ackResp', typeof ACK>
export type Nack = Kind<'nackResp', typeof NACK>
export type Suspect = Kind<'suspect', typeof accusation>
export type Dead = Kind<'dead', typeof accusation>
export type Alive = Kind<'alive', typeof ALIVE>
/** In a datagram: opaque bytes, no header. */
export interface User {
  readonly kind: 'user'
  readonly payload: Uint8Array
}
export type Message = Ping | IndirectPing | Ack | Nack | Suspect | Dead | Alive | User

export type MessageDrop = MsgpackDrop | LimitDrop | 'unknownMessage'

export function encodeMessage(message: Message): Uint8Array {
  const type = Uint8Array.of(TYPE[message.kind])
  if (message.kind === 'user') return concat(type, message.payload)
  // Each codec takes exactly the message of its kind, which the compiler cannot see through a union.
  const struct = STRUCTS[message.kind] as { encode(value: object): Uint8Array }
  return concat(type, struct.encode(message))
}

const KIND_OF = new Map(
  (Object.keys(STRUCTS) as (keyof typeof STRUCTS)[]).map((kind) => [TYPE[kind] as number, kind]),
)

/** One message that fills `bytes`; what follows the struct is passed over, as Go does. */
export function decodeMessage(bytes: Uint8Array): Decoded<Message, MessageDrop> {
  const type = bytes[0]
  if (type === undefined) return drop('truncated')
  if (type === TYPE.user) return decoded({ kind: 'user', payload: copyOf(bytes.subarray(1)) })
  const kind = KIND_OF.get(type)
  if (kind === undefined) return drop('unknownMessage')
  const struct = STRUCTS[kind].decode(bytes, 1)
  if (!struct.ok) return struct
  const message = { kind, ...struct.value.value } as Message
  const reason = overLimit(message)
  return reason ? drop(reason) : decoded(message)
}
