/** IP addresses as values: a family and a number. Text in and out is by `ip-address` (RFC 5952). */
import { Address4, Address6 } from 'ip-address'

export type Family = 4 | 6

export interface Ip {
  readonly family: Family
  readonly value: bigint
}

export const BITS = { 4: 32, 6: 128 } as const

/**
 * Parses one address without prefix, port or zone. An IPv4-mapped IPv6 address is the IPv4 address,
 * as in Go's `net.ParseIP`, which MetalLB uses; leading zeros are refused as there.
 */
export function parseIp(text: string): Ip | undefined {
  if (text.includes('/') || text.includes('%')) return undefined
  if (!text.includes(':')) {
    if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text) || !Address4.isValid(text)) {
      return undefined
    }
    return { family: 4, value: new Address4(text).bigInt() }
  }
  if (!Address6.isValid(text)) return undefined
  const value = new Address6(text).bigInt()
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value }
}

/** The canonical text: dotted quad, or RFC 5952 for IPv6. */
export function formatIp(ip: Ip): string {
  if (ip.family === 6) return Address6.fromBigInt(ip.value).correctForm()
  // By hand: reports and elections do it for each address, and the library goes by way of hex.
  const value = Number(ip.value)
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** Orders by family, then number: IPv4 before IPv6. */
export function compareIp(a: Ip, b: Ip): number {
  return a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0)
}

export const sameIp = (a: Ip, b: Ip): boolean => a.family === b.family && a.value === b.value

/** Network byte order: 4 or 16 bytes. */
export function ipToBytes(ip: Ip): Uint8Array {
  const bytes = new Uint8Array(BITS[ip.family] / 8)
  let rest = ip.value
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** From 4 or 16 bytes in network order; any other length is undefined. */
export function ipFromBytes(bytes: Uint8Array): Ip | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return { family: bytes.length === 4 ? 4 : 6, value }
}

/** The text of 4 or 16 bytes in network order; '?' for any other length. */
export function textOfIp(bytes: Uint8Array): string {
  const ip = ipFromBytes(bytes)
  return ip ? formatIp(ip) : '?'
}
