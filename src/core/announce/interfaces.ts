/** Which interfaces are announced on: MetalLB's rule (internal/layer2/announcer.go, updateInterfaces). */
import type { Ip } from '../net/ip.ts'
import { formatMac } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'

/** A link as the kernel tells of it (rtnetlink(7), netdevice(7)). */
export interface Link {
  readonly index: number
  readonly name: string
  /** Undefined where the link has none of six bytes. */
  readonly mac: Mac | undefined
  /** IFF_* bits. */
  readonly flags: number
  /** Index of the bridge, bond or VRF it is part of; 0: none. */
  readonly master: number
}

export interface LinkAddress {
  readonly index: number
  readonly ip: Ip
  /** Bits of the subnet it is in. */
  readonly prefixLength: number
  /** IFA_F_* bits. */
  readonly flags: number
}

/** An interface that qualifies. */
export interface AnnouncingInterface {
  readonly index: number
  readonly name: string
  readonly mac: Mac
  readonly arp: boolean
  /** The link-local address neighbour advertisements come from; undefined: no IPv6 here. */
  readonly linkLocal: Ip | undefined
}

const UP = 0x1
const BROADCAST = 0x2
const LOOPBACK = 0x8
/** It is operational (RFC 2863): the kernel tells so up to a second late. */
const RUNNING = 0x40
/** The driver has a carrier: told at once when the link is brought up. */
const LOWER_UP = 0x10000
/** It has one, but waits for something else, such as 802.1X. */
const DORMANT = 0x20000
const POINTOPOINT = 0x10
const NOARP = 0x80
const NOT_OURS = 0x08 | 0x40

/**
 * Beyond MetalLB an interface needs a carrier: nothing sent without one arrives, and one that gets
 * it back is then a new interface, with all that is announced on such.
 */
export function announcingInterfaces(
  links: Iterable<Link>,
  addresses: Iterable<LinkAddress>,
  exclude: readonly RegExp[],
): AnnouncingInterface[] {
  const linkLocals = new Map<number, Ip>()
  for (const { index, ip, flags } of addresses) {
    const linkLocal = ip.family === 6 && ip.value >> 118n === 0xfe80n >> 6n
    if (linkLocal && isUsable({ flags }) && !linkLocals.has(index)) linkLocals.set(index, ip)
  }
  return [...links]
    .filter((link) => hasCarrier(link) && hasNeighbours(link) && link.master === 0)
    .filter(({ name }) => !exclude.some((pattern) => pattern.test(name)))
    .flatMap(({ index, name, mac, flags }) => {
      const arp = (flags & BROADCAST) !== 0
      const linkLocal = linkLocals.get(index)
      return mac && (arp || linkLocal) ? [{ index, name, mac, arp, linkLocal }] : []
    })
    .sort((a, b) => a.index - b.index)
}

/** What is sent there leaves the node. */
export const hasCarrier = ({ flags }: Link): boolean =>
  (flags & UP) !== 0 && (flags & DORMANT) === 0 && (flags & (RUNNING | LOWER_UP)) !== 0

/** Hosts there are found by ARP or neighbour discovery. */
export const hasNeighbours = ({ flags }: Link): boolean =>
  (flags & (LOOPBACK | POINTOPOINT | NOARP)) === 0

/** False while the address is not, or not yet, this node's: duplicate address detection. */
export const isUsable = ({ flags }: Pick<LinkAddress, 'flags'>): boolean => (flags & NOT_OURS) === 0

/** Changes when the interface is another one to its neighbours. */
export const interfaceIdentity = ({ index, name, mac }: AnnouncingInterface): string =>
  `${index} ${name} ${formatMac(mac)}`
