/**
 * What to answer to a frame: MetalLB's rules (internal/layer2/arp.go, ndp.go) and those of the RFCs
 * 826, 5227, 4861 and 4862. docs/layer2.md tells them, and why each drop is one.
 */
import { copyMac, ETHERNET_HEADER, ETHERTYPE, isMacAt } from '../wire/ethernet.ts'
import type { FrameBuffer } from '../wire/ethernet.ts'
import { ARP_AT, ARP_REPLY, arpProblem, encodeArp } from '../wire/arp.ts'
import type { ArpDrop } from '../wire/arp.ts'
import {
  ALL_NODES,
  ND_AT,
  ND_OPTION,
  ND_TYPE,
  checksum,
  encodeNeighbor,
  isUnspecifiedAt,
  linkLayerAt,
  multicastMac,
  neighborProblem,
} from '../wire/icmpv6-nd.ts'
import type { NeighborDrop } from '../wire/icmpv6-nd.ts'
import { ipToBytes } from '../net/ip.ts'
import { BROADCAST_MAC } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { allowsInterface } from './vips.ts'
import type { Vip, VipTable } from './vips.ts'

/** What was asked: by a host that wants to reach the address, or by one that wants to have it. */
export type Asked = 'arpRequest' | 'arpProbe' | 'solicitation' | 'duplicateProbe'

export type FrameDrop =
  | 'interfaceNotAnnouncing'
  | 'ethernetTruncated'
  | 'ethernetUnknownType'
  | 'notForUs'
  | 'senderMulticast'
  | 'senderIsSelf'
  | 'arpReply'
  | 'arpAnnouncement'
  | 'ndAdvertisement'
  | 'notAnnounced'
  | 'notOnThisInterface'
  | ArpDrop
  | NeighborDrop

const ZERO_MAC: Mac = new Uint8Array(6)
const ANY4 = { family: 4, value: 0n } as const
const ANY6 = { family: 6, value: 0n } as const
const SOLICITED = 0x40
const OVERRIDE = 0x20
const NA_TARGET_MAC = ETHERNET_HEADER + ND_AT.options + 2

/**
 * Decides frame by frame, and allocates nothing: questions are read where they lie, and answers written
 * into two frames that are used again and again.
 */
export class Responder {
  readonly #arpReply = encodeArp(
    {
      operation: 'reply',
      senderMac: ZERO_MAC,
      senderIp: ANY4,
      targetMac: ZERO_MAC,
      targetIp: ANY4,
    },
    ZERO_MAC,
  )
  readonly #arpView = new DataView(this.#arpReply.buffer)
  readonly #advertisement = encodeNeighbor(
    {
      kind: 'advertisement',
      source: ANY6,
      destination: ANY6,
      target: ANY6,
      linkLayer: ZERO_MAC,
      solicited: true,
      override: true,
    },
    ZERO_MAC,
    ZERO_MAC,
  )
  readonly #advertisementView = new DataView(this.#advertisement.buffer)
  readonly #allNodes = ipToBytes(ALL_NODES)
  readonly #allNodesMac = multicastMac(ALL_NODES)
  #reply: Uint8Array = this.#arpReply
  #vip: Vip | undefined
  #asked: Asked = 'arpRequest'

  /** The answer to the last question, to be sent where it came in; valid until the next `decide`. */
  get reply(): Uint8Array {
    return this.#reply
  }

  /** The address that was asked for; undefined: the last frame is not answered. */
  get vip(): Vip | undefined {
    return this.#vip
  }

  get asked(): Asked {
    return this.#asked
  }

  /**
   * Why the frame is not answered; undefined: it is, by `reply`. `on`: where it came in; undefined: an
   * interface that does not qualify. `lame`: those of `vips` that another is about to take, whose answers
   * are not to override what that one says.
   */
  decide(
    frame: FrameBuffer,
    on: AnnouncingInterface | undefined,
    vips: VipTable,
    lame?: VipTable,
  ): FrameDrop | undefined {
    this.#vip = undefined
    if (!on) return 'interfaceNotAnnouncing'
    if (frame.length < ETHERNET_HEADER) return 'ethernetTruncated'
    switch (frame.view.getUint16(12)) {
      case ETHERTYPE.arp:
        return this.#decideArp(frame, on, vips)
      case ETHERTYPE.ipv6:
        return this.#decideNeighbor(frame, on, vips, lame)
      default:
        return 'ethernetUnknownType'
    }
  }

  #decideArp(
    { bytes, view, length }: FrameBuffer,
    on: AnnouncingInterface,
    vips: VipTable,
  ): FrameDrop | undefined {
    if (!on.arp) return 'interfaceNotAnnouncing'
    if (!isMacAt(bytes, 0, BROADCAST_MAC) && !isMacAt(bytes, 0, on.mac)) return 'notForUs'
    const problem = arpProblem(view, AT, length)
    if (problem) return problem
    if (view.getUint16(AT + ARP_AT.operation) === ARP_REPLY) return 'arpReply'
    const sender = view.getInt32(AT + ARP_AT.senderIp)
    // It asks nothing, it tells (RFC 5227 section 3).
    if (sender === view.getInt32(AT + ARP_AT.targetIp)) return 'arpAnnouncement'
    const vip = vips.ipv4At(view, AT + ARP_AT.targetIp)
    if (!vip) return 'notAnnounced'
    if (!allowsInterface(vip, on.name)) return 'notOnThisInterface'
    const bad = senderProblem(bytes, AT + ARP_AT.senderMac, on)
    if (bad) return bad
    const reply = this.#arpReply
    copyMac(bytes, AT + ARP_AT.senderMac, reply, 0)
    copyMac(on.mac, 0, reply, 6)
    copyMac(on.mac, 0, reply, AT + ARP_AT.senderMac)
    this.#arpView.setInt32(AT + ARP_AT.senderIp, view.getInt32(AT + ARP_AT.targetIp))
    copyMac(bytes, AT + ARP_AT.senderMac, reply, AT + ARP_AT.targetMac)
    this.#arpView.setInt32(AT + ARP_AT.targetIp, sender)
    // A probe: somebody wants the address, and learns by the same answer that it is taken.
    this.#asked = sender === 0 ? 'arpProbe' : 'arpRequest'
    this.#reply = reply
    this.#vip = vip
    return undefined
  }

  #decideNeighbor(
    { bytes, view, length }: FrameBuffer,
    on: AnnouncingInterface,
    vips: VipTable,
    lame: VipTable | undefined,
  ): FrameDrop | undefined {
    if (!on.linkLocal) return 'interfaceNotAnnouncing'
    if (!isMulticastAt(bytes, 0) && !isMacAt(bytes, 0, on.mac)) return 'notForUs'
    const problem = neighborProblem(view, AT, length)
    if (problem) return problem
    if (view.getUint8(AT + ND_AT.type) === ND_TYPE.advertisement) return 'ndAdvertisement'
    const vip = vips.ipv6At(view, AT + ND_AT.target)
    if (!vip) return 'notAnnounced'
    if (!allowsInterface(vip, on.name)) return 'notOnThisInterface'
    // Without the option (a reachability probe to our MAC) the sender is who sent the frame.
    const sender = linkLayerAt(view, AT, ND_OPTION.solicitation) ?? 6
    const bad = senderProblem(bytes, sender, on)
    if (bad) return bad
    // Somebody probes whether the address is free: everybody is to hear that it is not.
    const probe = isUnspecifiedAt(view, AT + ND_AT.source)
    const override = probe || !lame?.ipv6At(view, AT + ND_AT.target)
    const reply = this.#advertisement
    if (probe) copyMac(this.#allNodesMac, 0, reply, 0)
    else copyMac(bytes, sender, reply, 0)
    copyMac(on.mac, 0, reply, 6)
    // As kernels do: ndisc6 for one takes no other's word.
    copyIpv6(bytes, AT + ND_AT.target, reply, AT + ND_AT.source)
    if (probe) copyIpv6(this.#allNodes, 0, reply, AT + ND_AT.destination)
    else copyIpv6(bytes, AT + ND_AT.source, reply, AT + ND_AT.destination)
    reply[AT + ND_AT.flags] = (probe ? 0 : SOLICITED) | (override ? OVERRIDE : 0)
    copyIpv6(bytes, AT + ND_AT.target, reply, AT + ND_AT.target)
    copyMac(on.mac, 0, reply, NA_TARGET_MAC)
    const sums = this.#advertisementView
    sums.setUint16(AT + ND_AT.checksum, 0)
    sums.setUint16(AT + ND_AT.checksum, checksum(sums, AT, reply.length))
    this.#asked = probe ? 'duplicateProbe' : 'solicitation'
    this.#reply = reply
    this.#vip = vip
    return undefined
  }
}

/** Where the ARP or the IPv6 packet begins. */
const AT = ETHERNET_HEADER

const isMulticastAt = (bytes: Uint8Array, at: number): boolean => ((bytes[at] ?? 0) & 1) === 1

/** An answer to the first would go to many, one to the second to ourselves. */
function senderProblem(
  bytes: Uint8Array,
  at: number,
  on: AnnouncingInterface,
): 'senderMulticast' | 'senderIsSelf' | undefined {
  if (isMulticastAt(bytes, at)) return 'senderMulticast'
  return isMacAt(bytes, at, on.mac) ? 'senderIsSelf' : undefined
}

function copyIpv6(from: Uint8Array, at: number, to: Uint8Array, toAt: number): void {
  for (let i = 0; i < 16; i++) to[toAt + i] = from[at + i] ?? 0
}
