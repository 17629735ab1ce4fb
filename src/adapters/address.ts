/** Addresses between gossip, which has bytes, and Node's sockets, which have text. */
import type { Address } from '../core/gossip/effects.ts'
import { formatIp, ipFromBytes, ipToBytes, parseIp } from '../core/net/ip.ts'

/** Undefined for bytes that are no address. IPv4-mapped ones are IPv4. */
export function hostOf(address: Address): string | undefined {
  const ip = ipFromBytes(address.ip)
  return ip && formatIp(parseIp(formatIp(ip)) ?? ip)
}

/** IPv4 as 4 bytes, also where a dual-stack socket calls it `::ffff:…`. Zones are left out. */
export function addressFrom(host: string, port: number): Address | undefined {
  const ip = parseIp(host.replace(/%.*$/, ''))
  return ip && { ip: ipToBytes(ip), port }
}
