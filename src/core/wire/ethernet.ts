/** Ethernet II frames: IEEE 802.3 clause 3, without a VLAN tag (the kernel takes those off). */
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import type { Mac } from '../net/mac.ts'

export const ETHERNET_HEADER = 14
export const ETHERTYPE = { arp: 0x0806, ipv6: 0x86dd } as const

export interface EthernetFrame {
  readonly destination: Mac
  readonly source: Mac
  /** An EtherType. */
  readonly type: number
  /** A view, not a copy; may end in padding up to the least size of a frame. */
  readonly payload: Uint8Array
}

export function decodeEthernet(frame: Uint8Array): Decoded<EthernetFrame, 'ethernetTruncated'> {
  if (frame.length < ETHERNET_HEADER) return drop('ethernetTruncated')
  return decoded({
    destination: frame.subarray(0, 6),
    source: frame.subarray(6, 12),
    type: viewOf(frame).getUint16(12),
    payload: frame.subarray(ETHERNET_HEADER),
  })
}

/** Unpadded: the driver pads what is shorter than 60 bytes. */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER + frame.payload.length)
  bytes.set(frame.destination, 0)
  bytes.set(frame.source, 6)
  viewOf(bytes).setUint16(12, frame.type)
  bytes.set(frame.payload, ETHERNET_HEADER)
  return bytes
}

export const sameMac = (a: Mac, b: Mac): boolean => a.every((byte, i) => byte === b[i])

export const isMulticastMac = (mac: Mac): boolean => ((mac[0] ?? 0) & 1) === 1

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
