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
  | 'ndBadFlags'

/** Where the fields are, from the start of the IPv6 header. */
export const ND_AT = {
  source: 8,
  destination: 24,
  type: 40,
  code: 41,
  checksum: 42,
  flags: 44,
  target: 48,
  options: 64,
} as const

const IPV6_HEADER = 40
const ICMPV6 = 58
const HOP_LIMIT = 255
export const ND_TYPE = { solicitation: 135, advertisement: 136 } as const
/** The source and the target link-layer address. */
export const ND_OPTION = { solicitation: 1, advertisement: 2 } as const
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

/**
 * What is wrong with the packet whose IPv6 header is at `at` in a buffer that ends at `end`; undefined:
 * nothing. Every check of RFC 4861 sections 7.1.1 and 7.1.2 is made, and in the order of its cost.
 */
export function neighborProblem(view: DataView, at: number, end: number): NeighborDrop | undefined {
  if (end - at < IPV6_HEADER) return 'ipv6Truncated'
  if (view.getUint8(at) >> 4 !== 6) return 'notIpv6'
  if (view.getUint8(at + 6) !== ICMPV6) return 'notIcmpv6'
  if (view.getUint8(at + 7) !== HOP_LIMIT) return 'ndHopLimit'
  const length = view.getUint16(at + 4)
  const packetEnd = at + IPV6_HEADER + length
  if (length < FIXED || packetEnd > end) return 'ndTruncated'
  const type = view.getUint8(at + ND_AT.type)
  if (type !== ND_TYPE.solicitation && type !== ND_TYPE.advertisement) return 'ndUnknownType'
  if (view.getUint8(at + ND_AT.code) !== 0) return 'ndCode'
  if (checksum(view, at, packetEnd) !== 0) return 'ndChecksum'
  if (isMulticastAt(view, at + ND_AT.source)) return 'ndSourceMulticast'
  if (isMulticastAt(view, at + ND_AT.target)) return 'ndTargetMulticast'
  if (!optionsFit(view, at + ND_AT.options, packetEnd)) return 'ndOption'
  if (type === ND_TYPE.advertisement) {
    const toAll = isMulticastAt(view, at + ND_AT.destination)
    return toAll && (view.getUint8(at + ND_AT.flags) & SOLICITED) !== 0 ? 'ndBadFlags' : undefined
  }
  if (!isUnspecifiedAt(view, at + ND_AT.source)) return undefined
  const toGroup = isSolicitedNodeAt(view, at + ND_AT.destination)
  const named = linkLayerAt(view, at, ND_OPTION.solicitation) !== undefined
  return toGroup && !named ? undefined : 'ndBadProbe'
}

/** `payload`: what follows the Ethernet header. */
export function decodeNeighbor(payload: Uint8Array): Decoded<NeighborMessage, NeighborDrop> {
  const view = viewOf(payload)
  const problem = neighborProblem(view, 0, payload.length)
  if (problem) return drop(problem)
  const isSolicitation = view.getUint8(ND_AT.type) === ND_TYPE.solicitation
  const kind = isSolicitation ? 'solicitation' : 'advertisement'
  const flags = isSolicitation ? 0 : view.getUint8(ND_AT.flags)
  const mac = linkLayerAt(view, 0, ND_OPTION[kind])
  return decoded({
    kind,
    source: ip6(view, ND_AT.source),
    destination: ip6(view, ND_AT.destination),
    target: ip6(view, ND_AT.target),
    linkLayer: mac === undefined ? undefined : payload.subarray(mac, mac + 6),
    solicited: (flags & SOLICITED) !== 0,
    override: (flags & OVERRIDE) !== 0,
  })
}

/** All options must be well formed, also those that nobody here reads. */
function optionsFit(view: DataView, at: number, end: number): boolean {
  let next = at
  while (next < end) {
    const length = next + 1 < end ? view.getUint8(next + 1) * 8 : 0
    if (length === 0 || next + length > end) return false
    next += length
  }
  return true
}

/**
 * Where the Ethernet address is in the first option of this type of a packet that has no problem;
 * undefined: it has none.
 */
export function linkLayerAt(view: DataView, at: number, option: number): number | undefined {
  const end = at + IPV6_HEADER + view.getUint16(at + 4)
  let next = at + ND_AT.options
  while (next < end) {
    const length = view.getUint8(next + 1) * 8
    if (view.getUint8(next) === option && length === 8) return next + 2
    next += length
  }
  return undefined
}

/** The unspecified address, `::`: who asks has none yet (RFC 4862 section 5.4.2). */
export const isUnspecifiedAt = (view: DataView, at: number): boolean =>
  view.getInt32(at) === 0 &&
  view.getInt32(at + 4) === 0 &&
  view.getInt32(at + 8) === 0 &&
  view.getInt32(at + 12) === 0

const isMulticastAt = (view: DataView, at: number): boolean => view.getUint8(at) === 0xff

const isSolicitedNodeAt = (view: DataView, at: number): boolean =>
  view.getUint32(at) === 0xff020000 &&
  view.getInt32(at + 4) === 0 &&
  view.getInt32(at + 8) === 1 &&
  view.getUint8(at + 12) === 0xff

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
  packet.set(ipToBytes(message.source), ND_AT.source)
  packet.set(ipToBytes(message.destination), ND_AT.destination)
  view.setUint8(ND_AT.type, ND_TYPE[message.kind])
  view.setUint8(
    ND_AT.flags,
    (message.solicited ? SOLICITED : 0) | (message.override ? OVERRIDE : 0),
  )
  packet.set(ipToBytes(message.target), ND_AT.target)
  if (message.linkLayer) {
    packet.set([ND_OPTION[message.kind], 1], ND_AT.options)
    packet.set(message.linkLayer, ND_AT.options + 2)
  }
  view.setUint16(ND_AT.checksum, checksum(view, 0, packet.length))
  return encodeEthernet({ destination, source, type: ETHERTYPE.ipv6, payload: packet })
}

/**
 * RFC 4443 section 2.3, of the packet from `at` to `end`: pseudo-header and message. Of a message whose
 * checksum is right: 0.
 */
export function checksum(view: DataView, at: number, end: number): number {
  let sum = end - at - IPV6_HEADER + ICMPV6
  // The addresses lie right before the message, so the pseudo-header's are summed on the way.
  let next = at + ND_AT.source
  for (; next + 1 < end; next += 2) sum += view.getUint16(next)
  if (next < end) sum += view.getUint8(next) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

const ip6 = (view: DataView, at: number): Ip => ({
  family: 6,
  value: (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8),
})

/** "Has anybody `ip`?", by duplicate address detection's own question (RFC 4862 section 5.4.2). */
export function encodeNeighborProbe(ip: Ip, mac: Mac): Uint8Array {
  const destination = solicitedNodeGroup(ip)
  return encodeNeighbor(
    {
      kind: 'solicitation',
      source: { family: 6, value: 0n },
      destination,
      target: ip,
      linkLayer: undefined,
      solicited: false,
      override: false,
    },
    mac,
    multicastMac(destination),
  )
}
