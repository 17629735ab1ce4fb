/** ARP for IPv4 over Ethernet: RFC 826; announcements: RFC 5227 section 3. */
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import type { Ip } from '../net/ip.ts'
import { BROADCAST_MAC } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import { ETHERTYPE, encodeEthernet, viewOf } from './ethernet.ts'

export interface ArpPacket {
  readonly operation: 'request' | 'reply'
  readonly senderMac: Mac
  readonly senderIp: Ip
  readonly targetMac: Mac
  readonly targetIp: Ip
}

export type ArpDrop = 'arpTruncated' | 'arpNotEthernetIpv4' | 'arpUnknownOperation'

const LENGTH = 28
const ETHERNET = 1
const IPV4 = 0x0800

/** `payload`: what follows the Ethernet header. */
export function decodeArp(payload: Uint8Array): Decoded<ArpPacket, ArpDrop> {
  if (payload.length < LENGTH) return drop('arpTruncated')
  const view = viewOf(payload)
  if (
    view.getUint16(0) !== ETHERNET ||
    view.getUint16(2) !== IPV4 ||
    payload[4] !== 6 ||
    payload[5] !== 4
  ) {
    return drop('arpNotEthernetIpv4')
  }
  const operation = view.getUint16(6)
  if (operation !== 1 && operation !== 2) return drop('arpUnknownOperation')
  return decoded({
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: payload.subarray(8, 14),
    senderIp: { family: 4, value: BigInt(view.getUint32(14)) },
    targetMac: payload.subarray(18, 24),
    targetIp: { family: 4, value: BigInt(view.getUint32(24)) },
  })
}

/** A whole frame from the packet's sender to `destination`. */
export function encodeArp(packet: ArpPacket, destination: Mac): Uint8Array {
  const payload = new Uint8Array(LENGTH)
  const view = viewOf(payload)
  view.setUint16(0, ETHERNET)
  view.setUint16(2, IPV4)
  view.setUint8(4, 6)
  view.setUint8(5, 4)
  view.setUint16(6, packet.operation === 'request' ? 1 : 2)
  payload.set(packet.senderMac, 8)
  view.setUint32(14, Number(packet.senderIp.value))
  payload.set(packet.targetMac, 18)
  view.setUint32(24, Number(packet.targetIp.value))
  return encodeEthernet({ destination, source: packet.senderMac, type: ETHERTYPE.arp, payload })
}

/**
 * "`ip` is at `mac`", to all: once as a request and once as a reply, since some hosts heed only one
 * of the two. The target fields are those of MetalLB (internal/layer2/arp.go, gratuitous).
 */
export const encodeArpAnnouncement = (
  operation: ArpPacket['operation'],
  ip: Ip,
  mac: Mac,
): Uint8Array =>
  encodeArp(
    { operation, senderMac: mac, senderIp: ip, targetMac: BROADCAST_MAC, targetIp: ip },
    BROADCAST_MAC,
  )
