/** Ethernet II frames: IEEE 802.3 clause 3, without a VLAN tag (the kernel takes those off). */
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import type { Mac } from '../net/mac.ts'

export const ETHERNET_HEADER = 14
const MAC_LENGTH = 6
export const ETHERTYPE = { arp: 0x0806, ipv6: 0x86dd } as const

export interface EthernetFrame {
  readonly destination: Mac
  readonly source: Mac
  /** An EtherType. */
  readonly type: number
  /** A view, not a copy; may end in padding up to the least size of a frame. */
  readonly payload: Uint8Array
}

/**
 * A frame in a buffer that the next one will be read into: what is done for every frame on the wire
 * reads it in place, so that nothing is allocated for it.
 */
export interface FrameBuffer {
  readonly bytes: Uint8Array
  /** Of all of `bytes`. */
  readonly view: DataView
  /** How many of `bytes` are the frame. */
  readonly length: number
}

/** One that holds this frame alone. */
export const frameBuffer = (bytes: Uint8Array): FrameBuffer => ({
  bytes,
  view: viewOf(bytes),
  length: bytes.length,
})

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

export const sameMac = (a: Mac, b: Mac): boolean => isMacAt(a, 0, b)

/** True if `mac` is what lies at `at`. */
export function isMacAt(bytes: Uint8Array, at: number, mac: Mac): boolean {
  for (let i = 0; i < MAC_LENGTH; i++) if (bytes[at + i] !== mac[i]) return false
  return true
}

export function copyMac(from: Uint8Array, at: number, to: Uint8Array, toAt: number): void {
  for (let i = 0; i < MAC_LENGTH; i++) to[toAt + i] = from[at + i] ?? 0
}

export const isMulticastMac = (mac: Mac): boolean => ((mac[0] ?? 0) & 1) === 1

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
