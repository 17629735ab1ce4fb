/** Whether the cable is in by which this node hears its neighbours. */
import { sameIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { hasCarrier } from './interfaces.ts'
import type { Link, LinkAddress } from './interfaces.ts'

/** Of the interface that has this address; undefined: none has. Loopback always has its carrier. */
export function carrierOf(
  own: Ip,
  links: Iterable<Link>,
  addresses: Iterable<LinkAddress>,
): boolean | undefined {
  const on = new Set<number>()
  for (const { index, ip } of addresses) if (sameIp(ip, own)) on.add(index)
  if (on.size === 0) return undefined
  return [...links].some((link) => on.has(link.index) && hasCarrier(link))
}

/**
 * Tells of the carrier when it changes. An address that nobody ever had (a wildcard) says nothing; one
 * that was lost is as good as a cable pulled.
 */
export class CarrierWatch {
  readonly #own: Ip
  #up = true
  #known = false

  constructor(own: Ip) {
    this.#own = own
  }

  /** The new state; undefined: as before, at first as if up. */
  update(links: Iterable<Link>, addresses: Iterable<LinkAddress>): boolean | undefined {
    const carrier = carrierOf(this.#own, links, addresses)
    this.#known ||= carrier !== undefined
    const up = carrier ?? !this.#known
    if (up === this.#up) return undefined
    this.#up = up
    return up
  }
}
