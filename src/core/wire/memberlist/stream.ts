/**
 * What goes over a TCP connection: one request, then one reply; neither side half-closes, so a
 * reader tries after every chunk and goes on while the answer is 'truncated'
 * (hashicorp/memberlist net.go, handleConn and sendAndReceiveState).
 */
import type { Decoded } from '../../decoded.ts'
import { decoded, drop } from '../../decoded.ts'
import { EMPTY, bigEndian, concat, copyOf, readBigEndian } from './bytes.ts'
import { compress, decompress } from './compress.ts'
import type { CompressDrop } from './compress.ts'
import { STRUCTS, TYPE } from './messages.ts'
import type { Ack, Ping } from './messages.ts'
import { codec } from './msgpack.ts'
import type { Struct } from './msgpack.ts'
import { ENCRYPTION_OVERHEAD, labelHeader, open, seal, sealingKey, stripLabel } from './security.ts'
import type { Security, SecurityDrop } from './security.ts'

const HEADER = codec({ join: 'bool', nodes: 'int', userStateLen: 'int' })
const NODE_STATE = {
  addr: 'bytes',
  incarnation: 'u32',
  meta: 'bytes',
  name: 'str',
  port: 'u16',
  state: 'int',
  vsn: 'bytes',
} as const
const NODE = codec(NODE_STATE)
const USER = codec({ userMsgLen: 'int' })
const ERR = codec({ error: 'str' })

export type PushNodeState = Struct<typeof NODE_STATE>
/** `PushNodeState.state`. */
export const STATE = { alive: 0, suspect: 1, dead: 2, left: 3 } as const

export interface PushPull {
  readonly kind: 'pushPull'
  readonly join: boolean
  readonly nodes: readonly PushNodeState[]
  readonly userState: Uint8Array
}
export type StreamMessage =
  | PushPull
  | Ping
  | Ack
  | { readonly kind: 'user'; readonly payload: Uint8Array }
  | { readonly kind: 'err'; readonly error: string }

export type StreamDrop =
  | CompressDrop
  | SecurityDrop
  | 'unknownMessage'
  | 'streamTooLong'
  | 'tooManyNodes'
  | 'notEncrypted'
  | 'unexpectedEncryption'

/** The most bytes of a stream, sealed or unfolded. */
export const STREAM_MAX = 20 * 1024 * 1024
const MAX_NODES = 65_536

/** Who wrote the bytes: only the one who dialled puts the label before them. */
export type Side = 'dialer' | 'acceptor'

export function encodeStream(
  message: StreamMessage,
  side: Side,
  compression: boolean,
  security: Security,
): Uint8Array {
  const body = encodeBody(message)
  const allowed = security.compression ?? true
  const plain = compression && allowed ? compress(body) : body
  const label = side === 'dialer' ? labelHeader(security.label) : EMPTY
  const key = sealingKey(security)
  if (!key) return concat(label, plain)
  const length = bigEndian(plain.length + ENCRYPTION_OVERHEAD, 4)
  const header = concat(Uint8Array.of(TYPE.encrypt), length)
  return concat(label, header, seal(security, key, plain, concat(header, security.label)))
}

function encodeBody(message: StreamMessage): Uint8Array {
  const type = Uint8Array.of(TYPE[message.kind])
  switch (message.kind) {
    case 'pushPull': {
      const { join, nodes, userState } = message
      const header = HEADER.encode({ join, nodes: nodes.length, userStateLen: userState.length })
      return concat(type, header, ...nodes.map((node) => NODE.encode(node)), userState)
    }
    case 'ping':
      return concat(type, STRUCTS.ping.encode(message))
    case 'ackResp':
      return concat(type, STRUCTS.ackResp.encode(message))
    case 'user':
      return concat(type, USER.encode({ userMsgLen: message.payload.length }), message.payload)
    case 'err':
      return concat(type, ERR.encode(message))
  }
}

/** `bytes`: all that came from `side`. */
export const decodeStream = (
  bytes: Uint8Array,
  side: Side,
  security: Security,
): Decoded<StreamMessage, StreamDrop> => new StreamReader(side, security).read(bytes)

/**
 * Reads one message as its bytes come in. What was read of a long push/pull is not read again, so the
 * work is linear in the bytes, however small the pieces.
 */
export class StreamReader {
  readonly #side: Side
  readonly #security: Security
  readonly #begun: Begun = { nodes: [], at: 0 }

  constructor(side: Side, security: Security) {
    this.#side = side
    this.#security = security
  }

  /** `bytes`: all that came so far. 'truncated': more must come. */
  read(bytes: Uint8Array): Decoded<StreamMessage, StreamDrop> {
    const label = this.#side === 'dialer' ? this.#security.label : EMPTY
    const labelled = stripLabel(bytes, label)
    if (!labelled.ok) return labelled
    const opened = openStream(labelled.value, this.#security)
    if (!opened.ok) return opened
    if (opened.value[0] !== TYPE.compress) return decodeBody(opened.value, this.#begun)
    const inner = decompress(opened.value, STREAM_MAX)
    return inner.ok ? decodeBody(inner.value, this.#begun) : inner
  }
}

/** The nodes of a push/pull that are there already, and where the next one begins; 0: none yet. */
interface Begun {
  readonly nodes: PushNodeState[]
  at: number
}

function openStream(bytes: Uint8Array, security: Security): Decoded<Uint8Array, StreamDrop> {
  const encrypted = bytes[0] === TYPE.encrypt
  if (bytes.length === 0) return drop('truncated')
  if (security.keys.length === 0) return encrypted ? drop('unexpectedEncryption') : decoded(bytes)
  // As memberlist: on a stream, encryption is told by its first byte and must then be right.
  if (!encrypted) return security.verifyIncoming === false ? decoded(bytes) : drop('notEncrypted')
  if (bytes.length < 5) return drop('truncated')
  const length = readBigEndian(bytes, 1, 4)
  if (length > STREAM_MAX) return drop('streamTooLong')
  if (bytes.length < 5 + length) return drop('truncated')
  const aad = concat(bytes.subarray(0, 5), security.label)
  return open(security, bytes.subarray(5, 5 + length), aad)
}

function decodeBody(bytes: Uint8Array, begun: Begun): Decoded<StreamMessage, StreamDrop> {
  switch (bytes[0]) {
    case undefined:
      return drop('truncated')
    case TYPE.pushPull:
      return decodePushPull(bytes, begun)
    case TYPE.ping: {
      const ping = STRUCTS.ping.decode(bytes, 1)
      return ping.ok ? decoded({ kind: 'ping', ...ping.value.value }) : ping
    }
    case TYPE.ackResp: {
      const ack = STRUCTS.ackResp.decode(bytes, 1)
      return ack.ok ? decoded({ kind: 'ackResp', ...ack.value.value }) : ack
    }
    case TYPE.user: {
      const user = USER.decode(bytes, 1)
      if (!user.ok) return user
      const payload = tail(bytes, user.value.end, user.value.value.userMsgLen)
      return payload.ok ? decoded({ kind: 'user', payload: payload.value }) : payload
    }
    case TYPE.err: {
      const err = ERR.decode(bytes, 1)
      return err.ok ? decoded({ kind: 'err', error: err.value.value.error }) : err
    }
    default:
      return drop('unknownMessage')
  }
}

function decodePushPull(bytes: Uint8Array, begun: Begun): Decoded<PushPull, StreamDrop> {
  const header = HEADER.decode(bytes, 1)
  if (!header.ok) return header
  const { join, nodes: count, userStateLen } = header.value.value
  if (count > MAX_NODES) return drop('tooManyNodes')
  begun.at ||= header.value.end
  while (begun.nodes.length < count) {
    const node = NODE.decode(bytes, begun.at)
    if (!node.ok) return node
    begun.nodes.push(node.value.value)
    begun.at = node.value.end
  }
  const userState = tail(bytes, begun.at, userStateLen)
  if (!userState.ok) return userState
  return decoded({ kind: 'pushPull', join, nodes: begun.nodes, userState: userState.value })
}

function tail(bytes: Uint8Array, at: number, length: number): Decoded<Uint8Array, StreamDrop> {
  if (length > STREAM_MAX) return drop('streamTooLong')
  if (at + length > bytes.length) return drop('truncated')
  return decoded(copyOf(bytes.subarray(at, at + length)))
}
