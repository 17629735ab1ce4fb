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
const RUNNING = 0x40
const NOARP = 0x80
/** The address is not, or not yet, this node's: duplicate address detection. */
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
    if (linkLocal && (flags & NOT_OURS) === 0 && !linkLocals.has(index)) linkLocals.set(index, ip)
  }
  return [...links]
    .filter(({ flags }) => (flags & UP) !== 0 && (flags & RUNNING) !== 0)
    .filter(({ flags, master }) => (flags & (LOOPBACK | NOARP)) === 0 && master === 0)
    .filter(({ name }) => !exclude.some((pattern) => pattern.test(name)))
    .flatMap(({ index, name, mac, flags }) => {
      const arp = (flags & BROADCAST) !== 0
      const linkLocal = linkLocals.get(index)
      return mac && (arp || linkLocal) ? [{ index, name, mac, arp, linkLocal }] : []
    })
    .sort((a, b) => a.index - b.index)
}

/** Changes when the interface is another one to its neighbours. */
export const interfaceIdentity = ({ index, name, mac }: AnnouncingInterface): string =>
  `${index} ${name} ${formatMac(mac)}`
