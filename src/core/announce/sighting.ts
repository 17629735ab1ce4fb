/**
 * Who uses an address as its own, by any frame it sends: the sender of an ARP packet (RFC 5227 section
 * 2.4), the source of a solicitation, the target of an advertisement (RFC 4862 section 5.4). Looked for in
 * every frame that comes in, so nothing is allocated where there is nothing to see.
 */
import type { Mac } from '../net/mac.ts'
import { ARP_AT, arpProblem } from '../wire/arp.ts'
import { ETHERNET_HEADER, ETHERTYPE, isMacAt } from '../wire/ethernet.ts'
import type { FrameBuffer } from '../wire/ethernet.ts'
import { ND_AT, ND_OPTION, ND_TYPE, linkLayerAt, neighborProblem } from '../wire/icmpv6-nd.ts'
import { allowsInterface } from './vips.ts'
import type { Vip, VipTable } from './vips.ts'

const AT = ETHERNET_HEADER

/** The one of `vips` that the sender of the frame uses on the interface of this name. */
export function usedBySender(frame: FrameBuffer, name: string, vips: VipTable): Vip | undefined {
  const vip = lookUp(frame, vips)
  if (!vip || !allowsInterface(vip, name)) return undefined
  const { view, length } = frame
  const isArp = view.getUint16(12) === ETHERTYPE.arp
  const problem = isArp ? arpProblem(view, AT, length) : neighborProblem(view, AT, length)
  return problem ? undefined : vip
}

/** First, since most frames are of nobody's address of ours, and a checksum takes its time. */
function lookUp({ view, length }: FrameBuffer, vips: VipTable): Vip | undefined {
  if (length < AT + ARP_AT.end) return undefined
  if (view.getUint16(12) === ETHERTYPE.arp) return vips.ipv4At(view, AT + ARP_AT.senderIp)
  if (length < AT + ND_AT.options) return undefined
  const isSolicitation = view.getUint8(AT + ND_AT.type) === ND_TYPE.solicitation
  return vips.ipv6At(view, AT + (isSolicitation ? ND_AT.source : ND_AT.target))
}

/** Where the MAC is in a frame of which `usedBySender` had an answer. */
function macAt({ view }: FrameBuffer): number {
  if (view.getUint16(12) === ETHERTYPE.arp) return AT + ARP_AT.senderMac
  const isSolicitation = view.getUint8(AT + ND_AT.type) === ND_TYPE.solicitation
  const option = isSolicitation ? ND_OPTION.solicitation : ND_OPTION.advertisement
  return linkLayerAt(view, AT, option) ?? SOURCE
}
const SOURCE = 6

export const senderIs = (frame: FrameBuffer, mac: Mac): boolean =>
  isMacAt(frame.bytes, macAt(frame), mac)

/** A copy. */
export const senderOf = (frame: FrameBuffer): Mac =>
  frame.bytes.slice(macAt(frame), macAt(frame) + 6)
