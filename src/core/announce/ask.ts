/**
 * Asks a neighbour's kernel whether it lives, by what no firewall of IP sees: an ARP request (RFC
 * 826) or a neighbour solicitation (RFC 4861 section 7.2.2) for the neighbour's own address. Kernels
 * answer these whatever their processes do. Where a fabric answers in their stead (proxy ARP, EVPN's
 * suppression) a dead node seems alive for as long as the fabric remembers it.
 */
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import { BITS, formatIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { BROADCAST_MAC } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import { decodeArp, encodeArp, encodeArpProbe } from '../wire/arp.ts'
import type { ArpDrop } from '../wire/arp.ts'
import { ETHERTYPE, decodeEthernet } from '../wire/ethernet.ts'
import {
  decodeNeighbor,
  encodeNeighbor,
  multicastMac,
  solicitedNodeGroup,
} from '../wire/icmpv6-nd.ts'
import type { NeighborDrop } from '../wire/icmpv6-nd.ts'
import { hasCarrier, hasNeighbours, isUsable } from './interfaces.ts'
import type { AnnouncingInterface, Link, LinkAddress } from './interfaces.ts'

export interface Question {
  /** Of the interface it is to be sent on. */
  readonly index: number
  readonly frame: Uint8Array
}

export type AskDrop =
  | 'ethernetTruncated'
  | 'ethernetUnknownType'
  | 'arpRequest'
  | 'ndSolicitation'
  | 'ndUnsolicited'
  /** Most likely it was this node's kernel that asked. */
  | 'notAsked'
  | ArpDrop
  | NeighborDrop

/** An answer that comes later says nothing of now. */
const REMEMBERED_MS = 2000
const MOST_ASKED = 1024

/**
 * Asked on the interface whose subnet the address is in, from the address there; undefined: there is
 * none with a carrier. Of several the narrowest subnet, as a router would choose. What is announced
 * on an interface does not matter.
 */
export function question(
  target: Ip,
  links: Iterable<Link>,
  addresses: Iterable<LinkAddress>,
): Question | undefined {
  const byIndex = new Map([...links].map((link) => [link.index, link]))
  let best: (LinkAddress & { readonly mac: Mac }) | undefined
  for (const address of addresses) {
    const link = byIndex.get(address.index)
    if (!link?.mac || !hasCarrier(link) || !hasNeighbours(link)) continue
    if (!isUsable(address) || !sharesSubnet(address, target)) continue
    if (!best || address.prefixLength > best.prefixLength) best = { ...address, mac: link.mac }
  }
  if (!best) return undefined
  const ask = target.family === 4 ? arpRequest : solicitation
  return { index: best.index, frame: ask(target, best.ip, best.mac) }
}

const sharesSubnet = ({ ip, prefixLength }: LinkAddress, target: Ip): boolean => {
  const host = BigInt(BITS[ip.family] - prefixLength)
  return ip.family === target.family && ip.value >> host === target.value >> host
}

const arpRequest = (targetIp: Ip, senderIp: Ip, senderMac: Mac): Uint8Array => {
  const targetMac = new Uint8Array(6)
  const request = { operation: 'request', senderMac, senderIp, targetMac, targetIp } as const
  return encodeArp(request, BROADCAST_MAC)
}

const solicitation = (target: Ip, source: Ip, linkLayer: Mac): Uint8Array => {
  const destination = solicitedNodeGroup(target)
  const flags = { solicited: false, override: false }
  return encodeNeighbor(
    { kind: 'solicitation', source, destination, target, linkLayer, ...flags },
    linkLayer,
    multicastMac(destination),
  )
}

/**
 * "Which MAC has `target` here?", asked on any interface, whatever its subnets; undefined: it cannot be
 * asked there.
 */
export function whoHas(target: Ip, on: AnnouncingInterface): Uint8Array | undefined {
  if (target.family === 4) return on.arp ? encodeArpProbe(target, on.mac) : undefined
  return on.linkLocal && solicitation(target, on.linkLocal, on.mac)
}

/** Whose kernel answers by this frame. */
export function answeredBy(bytes: Uint8Array): Decoded<Ip, AskDrop> {
  const frame = decodeEthernet(bytes)
  if (!frame.ok) return frame
  switch (frame.value.type) {
    case ETHERTYPE.arp: {
      const packet = decodeArp(frame.value.payload)
      if (!packet.ok) return packet
      const { operation, senderIp } = packet.value
      return operation === 'reply' ? decoded(senderIp) : drop('arpRequest')
    }
    case ETHERTYPE.ipv6: {
      const message = decodeNeighbor(frame.value.payload)
      if (!message.ok) return message
      const { kind, solicited, target } = message.value
      if (kind === 'solicitation') return drop('ndSolicitation')
      return solicited ? decoded(target) : drop('ndUnsolicited')
    }
    default:
      return drop('ethernetUnknownType')
  }
}

/** Which questions are open. Each is answered once, so a flood of answers goes no further. */
export class OpenQuestions {
  readonly #askedAt = new Map<string, number>()

  asked(ip: Ip, now: number): void {
    const key = formatIp(ip)
    this.#askedAt.delete(key)
    this.#askedAt.set(key, now)
    const [oldest] = this.#askedAt.keys()
    if (this.#askedAt.size > MOST_ASKED && oldest !== undefined) this.#askedAt.delete(oldest)
  }

  /** True if that was asked a moment ago, and not answered since. */
  answered(ip: Ip, now: number): boolean {
    const key = formatIp(ip)
    const at = this.#askedAt.get(key)
    this.#askedAt.delete(key)
    return at !== undefined && now - at <= REMEMBERED_MS
  }
}
