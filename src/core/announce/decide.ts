/** What to answer to a frame: MetalLB's rules (internal/layer2/arp.go, ndp.go), and RFC 4861. */
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import type { Ip } from '../net/ip.ts'
import { BROADCAST_MAC } from '../net/mac.ts'
import { decodeArp, encodeArp } from '../wire/arp.ts'
import type { ArpDrop } from '../wire/arp.ts'
import { ETHERTYPE, decodeEthernet, isMulticastMac, sameMac } from '../wire/ethernet.ts'
import type { EthernetFrame } from '../wire/ethernet.ts'
import { ALL_NODES, decodeNeighbor, encodeNeighbor, multicastMac } from '../wire/icmpv6-nd.ts'
import type { NeighborDrop } from '../wire/icmpv6-nd.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { allowsInterface } from './vips.ts'
import type { Vip, VipTable } from './vips.ts'

export interface Received {
  /** Where the frame came in; undefined: an interface that does not qualify. */
  readonly on: AnnouncingInterface | undefined
  /** True of frames this node sent itself. */
  readonly outgoing: boolean
}

export interface Answer {
  readonly vip: Vip
  /** To be sent on the interface the question came in by. */
  readonly frame: Uint8Array
}

export type FrameDrop =
  | 'outgoing'
  | 'interfaceNotAnnouncing'
  | 'ethernetTruncated'
  | 'ethernetUnknownType'
  | 'notForUs'
  | 'senderMulticast'
  | 'arpReply'
  | 'ndAdvertisement'
  | 'notAnnounced'
  | 'notOnThisInterface'
  | ArpDrop
  | NeighborDrop

export function decide(
  bytes: Uint8Array,
  { on, outgoing }: Received,
  vips: VipTable,
): Decoded<Answer, FrameDrop> {
  if (outgoing) return drop('outgoing')
  if (!on) return drop('interfaceNotAnnouncing')
  const frame = decodeEthernet(bytes)
  if (!frame.ok) return frame
  switch (frame.value.type) {
    case ETHERTYPE.arp:
      return decideArp(frame.value, on, vips)
    case ETHERTYPE.ipv6:
      return decideNeighbor(frame.value, on, vips)
    default:
      return drop('ethernetUnknownType')
  }
}

function decideArp(
  frame: EthernetFrame,
  on: AnnouncingInterface,
  vips: VipTable,
): Decoded<Answer, FrameDrop> {
  if (!on.arp) return drop('interfaceNotAnnouncing')
  const { destination } = frame
  if (!sameMac(destination, BROADCAST_MAC) && !sameMac(destination, on.mac)) return drop('notForUs')
  const request = decodeArp(frame.payload)
  if (!request.ok) return request
  const { operation, senderMac, senderIp, targetIp } = request.value
  if (operation !== 'request') return drop('arpReply')
  const vip = lookUp(targetIp, on, vips)
  if (!vip.ok) return vip
  if (isMulticastMac(senderMac)) return drop('senderMulticast')
  const reply = { operation: 'reply', senderMac: on.mac, senderIp: targetIp } as const
  return decoded({
    vip: vip.value,
    frame: encodeArp({ ...reply, targetMac: senderMac, targetIp: senderIp }, senderMac),
  })
}

function decideNeighbor(
  frame: EthernetFrame,
  on: AnnouncingInterface,
  vips: VipTable,
): Decoded<Answer, FrameDrop> {
  const { linkLocal, mac } = on
  if (!linkLocal) return drop('interfaceNotAnnouncing')
  if (!isMulticastMac(frame.destination) && !sameMac(frame.destination, mac)) {
    return drop('notForUs')
  }
  const message = decodeNeighbor(frame.payload)
  if (!message.ok) return message
  const { kind, source, target, linkLayer } = message.value
  if (kind !== 'solicitation') return drop('ndAdvertisement')
  const vip = lookUp(target, on, vips)
  if (!vip.ok) return vip
  // Without the option (a reachability probe to our MAC) the sender is who sent the frame.
  const sender = linkLayer ?? frame.source
  if (isMulticastMac(sender)) return drop('senderMulticast')
  const advertisement = {
    kind: 'advertisement',
    source: linkLocal,
    target,
    linkLayer: mac,
  } as const
  // Somebody probes whether the address is free: everybody is to hear that it is not.
  const probe = source.value === 0n
  const answer = probe
    ? { ...advertisement, destination: ALL_NODES, solicited: false, override: true }
    : { ...advertisement, destination: source, solicited: true, override: false }
  const to = probe ? multicastMac(ALL_NODES) : sender
  return decoded({ vip: vip.value, frame: encodeNeighbor(answer, mac, to) })
}

function lookUp(
  target: Ip,
  on: AnnouncingInterface,
  vips: VipTable,
): Decoded<Vip, 'notAnnounced' | 'notOnThisInterface'> {
  const vip = vips.get(target)
  if (!vip) return drop('notAnnounced')
  return allowsInterface(vip, on.name) ? decoded(vip) : drop('notOnThisInterface')
}
