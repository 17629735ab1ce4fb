/** Neighbour solicitations and advertisements over Ethernet: RFC 4861 sections 4.3, 4.4, 7.1. */
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import { ipToBytes } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { ETHERTYPE, encodeEthernet, viewOf } from './ethernet.ts'

export interface NeighborMessage {
  readonly kind: 'solicitation' | 'advertisement'
  readonly source: Ip
  readonly destination: Ip
  readonly target: Ip
  /** The source (solicitation) or target (advertisement) link-layer address option. */
  readonly linkLayer: Mac | undefined
  /** Of advertisements: answers a solicitation; false in a solicitation. */
  readonly solicited: boolean
  /** Of advertisements: replaces what the neighbour has cached; false in a solicitation. */
  readonly override: boolean
}

export type NeighborDrop =
  | 'ipv6Truncated'
  | 'notIpv6'
  | 'notIcmpv6'
  | 'ndHopLimit'
  | 'ndTruncated'
  | 'ndUnknownType'
  | 'ndCode'
  | 'ndChecksum'
  | 'ndTargetMulticast'
  | 'ndSourceMulticast'
  | 'ndOption'
  | 'ndBadProbe'

const IPV6_HEADER = 40
const ICMPV6 = 58
const HOP_LIMIT = 255
const TYPE = { solicitation: 135, advertisement: 136 } as const
const OPTION = { solicitation: 1, advertisement: 2 } as const
const FIXED = 24
const SOLICITED = 0x40
const OVERRIDE = 0x20

export const ALL_NODES: Ip = { family: 6, value: (0xff02n << 112n) | 1n }
const SOLICITED_NODE = 0xff02_0000_0000_0000_0000_0001_ff00_0000n

/** ff02::1:ffXX:XXXX, where solicitations for `ip` are sent (RFC 4291 section 2.7.1). */
export const solicitedNodeGroup = (ip: Ip): Ip => ({
  family: 6,
  value: SOLICITED_NODE | (ip.value & 0xffffffn),
})

/** 33:33 and the group's last 32 bits (RFC 2464 section 7). */
export const multicastMac = (group: Ip): Mac =>
  Uint8Array.of(0x33, 0x33, ...ipToBytes(group).subarray(12))

/** `payload`: what follows the Ethernet header. Every check of RFC 4861 section 7.1 is made. */
export function decodeNeighbor(payload: Uint8Array): Decoded<NeighborMessage, NeighborDrop> {
  if (payload.length < IPV6_HEADER) return drop('ipv6Truncated')
  const view = viewOf(payload)
  if (view.getUint8(0) >> 4 !== 6) return drop('notIpv6')
  if (view.getUint8(6) !== ICMPV6) return drop('notIcmpv6')
  if (view.getUint8(7) !== HOP_LIMIT) return drop('ndHopLimit')
  const length = view.getUint16(4)
  if (length < FIXED || payload.length < IPV6_HEADER + length) return drop('ndTruncated')
  const packet = payload.subarray(0, IPV6_HEADER + length)
  const type = view.getUint8(IPV6_HEADER)
  if (type !== TYPE.solicitation && type !== TYPE.advertisement) return drop('ndUnknownType')
  if (view.getUint8(IPV6_HEADER + 1) !== 0) return drop('ndCode')
  if (checksum(packet) !== 0) return drop('ndChecksum')
  const kind = type === TYPE.solicitation ? 'solicitation' : 'advertisement'
  const flags = kind === 'advertisement' ? view.getUint8(IPV6_HEADER + 4) : 0
  const source = ip6(view, 8)
  if (isMulticast(source)) return drop('ndSourceMulticast')
  const target = ip6(view, IPV6_HEADER + 8)
  if (isMulticast(target)) return drop('ndTargetMulticast')
  const option = linkLayerOption(packet.subarray(IPV6_HEADER + FIXED), OPTION[kind])
  if (!option.ok) return option
  const destination = ip6(view, 24)
  if (kind === 'solicitation' && source.value === 0n) {
    const toGroup = destination.value >> 24n === SOLICITED_NODE >> 24n
    if (!toGroup || option.value) return drop('ndBadProbe')
  }
  return decoded({
    kind,
    source,
    destination,
    target,
    linkLayer: option.value,
    solicited: (flags & SOLICITED) !== 0,
    override: (flags & OVERRIDE) !== 0,
  })
}

/** The first option of this type that carries an Ethernet address; all options must be well formed. */
function linkLayerOption(
  options: Uint8Array,
  wanted: number,
): Decoded<Mac | undefined, 'ndOption'> {
  let found: Mac | undefined
  let at = 0
  while (at < options.length) {
    const length = (options[at + 1] ?? 0) * 8
    if (length === 0 || at + length > options.length) return drop('ndOption')
    if (options[at] === wanted && length === 8) found ??= options.subarray(at + 2, at + 8)
    at += length
  }
  return decoded(found)
}

/** A whole frame, with hop limit 255 and checksum. */
export function encodeNeighbor(
  message: NeighborMessage,
  source: Mac,
  destination: Mac,
): Uint8Array {
  const length = FIXED + (message.linkLayer ? 8 : 0)
  const packet = new Uint8Array(IPV6_HEADER + length)
  const view = viewOf(packet)
  view.setUint8(0, 0x60)
  view.setUint16(4, length)
  view.setUint8(6, ICMPV6)
  view.setUint8(7, HOP_LIMIT)
  packet.set(ipToBytes(message.source), 8)
  packet.set(ipToBytes(message.destination), 24)
  view.setUint8(IPV6_HEADER, TYPE[message.kind])
  view.setUint8(
    IPV6_HEADER + 4,
    (message.solicited ? SOLICITED : 0) | (message.override ? OVERRIDE : 0),
  )
  packet.set(ipToBytes(message.target), IPV6_HEADER + 8)
  if (message.linkLayer) {
    packet.set([OPTION[message.kind], 1], IPV6_HEADER + FIXED)
    packet.set(message.linkLayer, IPV6_HEADER + FIXED + 2)
  }
  view.setUint16(IPV6_HEADER + 2, checksum(packet))
  return encodeEthernet({ destination, source, type: ETHERTYPE.ipv6, payload: packet })
}

/** RFC 4443 section 2.3: pseudo-header and message. Of a message whose checksum is right: 0. */
function checksum(packet: Uint8Array): number {
  const view = viewOf(packet)
  let sum = packet.length - IPV6_HEADER + ICMPV6
  // The addresses lie right before the message, so the pseudo-header's are summed on the way.
  const even = packet.length & ~1
  for (let at = 8; at < even; at += 2) sum += view.getUint16(at)
  if (even < packet.length) sum += (packet[even] ?? 0) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

const isMulticast = (ip: Ip): boolean => ip.value >> 120n === 0xffn

const ip6 = (view: DataView, at: number): Ip => ({
  family: 6,
  value: (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8),
})
