/**
 * Bounds on what a member may say of itself and others. memberlist has none on what it receives but the
 * size of the datagram; what is kept or passed on must fit, or one liar fills everybody's memory.
 * All other bounds of the wire: docs/wire-limits.md.
 */
import type { Alive, Message } from './messages.ts'

/** UTF-16 units. Kubernetes' names of nodes are at most 253 bytes. */
export const NAME_MAX = 255
/** memberlist's MetaMaxSize. */
export const META_MAX = 512
/** Six bytes have a meaning. */
const VSN_MAX = 16

export type LimitDrop = 'badName' | 'badAddress' | 'metaTooLong' | 'vsnTooLong'

const badName = (name: string): LimitDrop | undefined =>
  name.length > NAME_MAX ? 'badName' : undefined

/** Why an alive message is not heeded, or nothing. */
export function aliveOverLimit({
  node,
  addr,
  meta,
  vsn,
}: Omit<Alive, 'kind'>): LimitDrop | undefined {
  if (node === '' || node.length > NAME_MAX) return 'badName'
  if (addr.length !== 4 && addr.length !== 16) return 'badAddress'
  if (meta.length > META_MAX) return 'metaTooLong'
  return vsn.length > VSN_MAX ? 'vsnTooLong' : undefined
}

/** The same of any message. A ping's source may be empty: then the answer goes where it came from. */
export function overLimit(message: Message): LimitDrop | undefined {
  switch (message.kind) {
    case 'alive':
      return aliveOverLimit(message)
    case 'suspect':
    case 'dead':
      return badName(message.node) ?? badName(message.from)
    case 'ping':
    case 'indirectPing':
      return badName(message.node) ?? badName(message.sourceNode)
    case 'ackResp':
    case 'nackResp':
    case 'user':
      return undefined
  }
}
