/**
 * A word by which an address changes hands counts only from the address of the member in whose name it is said:
 * gossip passes names on, and anybody inside the cluster's gossip could use another's.
 */
import { drop } from '../decoded.ts'
import type { Decoded } from '../decoded.ts'
import { decodeHandover } from '../wire/handover.ts'
import type { HandoverDrop, HandoverMessage } from '../wire/handover.ts'
import { sameBytes } from '../wire/memberlist/bytes.ts'
import type { Address } from './effects.ts'
import type { Member } from './members.ts'

/** `notHandover`: padding of a ping, or another program's; nothing is wrong with that. */
export type WordDrop = HandoverDrop | 'notFromMember'

/** `memberOf`: the member of that name, in whatever state. */
export function handoverWord(
  payload: Uint8Array,
  from: Pick<Address, 'ip'>,
  memberOf: (name: string) => Pick<Member, 'addr'> | undefined,
): Decoded<HandoverMessage, WordDrop> {
  const word = decodeHandover(payload)
  if (!word.ok) return word
  const sender = memberOf(word.value.from)
  return sender && sameBytes(sender.addr, from.ip) ? word : drop('notFromMember')
}
