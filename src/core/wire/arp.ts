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

/** Where the fields are, from the start of the packet. */
export const ARP_AT = {
  operation: 6,
  senderMac: 8,
  senderIp: 14,
  targetMac: 18,
  targetIp: 24,
  end: 28,
} as const

const ETHERNET = 1
const IPV4 = 0x0800
export const ARP_REQUEST = 1
export const ARP_REPLY = 2

/** What is wrong with the packet from `at` on in a buffer that ends at `end`; undefined: nothing. */
export function arpProblem(view: DataView, at: number, end: number): ArpDrop | undefined {
  if (end - at < ARP_AT.end) return 'arpTruncated'
  const lengths = 0x0604
  if (
    view.getUint16(at) !== ETHERNET ||
    view.getUint16(at + 2) !== IPV4 ||
    view.getUint16(at + 4) !== lengths
  ) {
    return 'arpNotEthernetIpv4'
  }
  const operation = view.getUint16(at + ARP_AT.operation)
  if (operation !== ARP_REQUEST && operation !== ARP_REPLY) return 'arpUnknownOperation'
  return undefined
}

/** `payload`: what follows the Ethernet header. */
export function decodeArp(payload: Uint8Array): Decoded<ArpPacket, ArpDrop> {
  const view = viewOf(payload)
  const problem = arpProblem(view, 0, payload.length)
  if (problem) return drop(problem)
  const mac = (at: number) => payload.subarray(at, at + 6)
  const ip = (at: number): Ip => ({ family: 4, value: BigInt(view.getUint32(at)) })
  return decoded({
    operation: view.getUint16(ARP_AT.operation) === ARP_REQUEST ? 'request' : 'reply',
    senderMac: mac(ARP_AT.senderMac),
    senderIp: ip(ARP_AT.senderIp),
    targetMac: mac(ARP_AT.targetMac),
    targetIp: ip(ARP_AT.targetIp),
  })
}

/** A whole frame from the packet's sender to `destination`. */
export function encodeArp(packet: ArpPacket, destination: Mac): Uint8Array {
  const payload = new Uint8Array(ARP_AT.end)
  const view = viewOf(payload)
  view.setUint16(0, ETHERNET)
  view.setUint16(2, IPV4)
  view.setUint8(4, 6)
  view.setUint8(5, 4)
  view.setUint16(ARP_AT.operation, packet.operation === 'request' ? ARP_REQUEST : ARP_REPLY)
  payload.set(packet.senderMac, ARP_AT.senderMac)
  view.setUint32(ARP_AT.senderIp, Number(packet.senderIp.value))
  payload.set(packet.targetMac, ARP_AT.targetMac)
  view.setUint32(ARP_AT.targetIp, Number(packet.targetIp.value))
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

/**
 * "Has anybody `ip`?", asked from `mac` without an address of one's own, so that nobody's cache
 * changes by it: an ARP probe (RFC 5227 section 2.1).
 */
export const encodeArpProbe = (ip: Ip, mac: Mac): Uint8Array =>
  encodeArp(
    {
      operation: 'request',
      senderMac: mac,
      senderIp: { family: 4, value: 0n },
      targetMac: new Uint8Array(6),
      targetIp: ip,
    },
    BROADCAST_MAC,
  )
