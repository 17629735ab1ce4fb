/** What a Service asks for: families, addresses, a pool (features of controller/service.go). */
import { ADDRESS_POOL, LOAD_BALANCER_IPS, annotation } from '../config/annotations.ts'
import type { Service } from '../config/model.ts'
import { formatIp, parseIp } from '../net/ip.ts'
import type { Family, Ip } from '../net/ip.ts'

export interface Wish {
  /** One or two; of two, `families[0]` is the Service's primary. */
  readonly families: readonly Family[]
  /** True if one of two families will do (PreferDualStack). */
  readonly oneIsEnough: boolean
  /** Addresses asked for; empty: any. */
  readonly ips: readonly Ip[]
  /** Pool asked for. */
  readonly pool: string | undefined
}

export type ParsedWish =
  { readonly ok: true; readonly wish: Wish } | { readonly ok: false; readonly problem: string }

export function wishOf(service: Service): ParsedWish {
  const requested = requestedIps(service)
  if (typeof requested === 'string') return { ok: false, problem: requested }
  const families = familiesOf(service)
  const mismatch = requested.length > 0 && familyMismatch(requested, families)
  if (mismatch) return { ok: false, problem: mismatch }
  const pool = annotation(service.annotations, ADDRESS_POOL)
  return {
    ok: true,
    wish: {
      families,
      oneIsEnough: service.ipFamilyPolicy === 'PreferDualStack',
      ips: requested,
      pool: pool === '' ? undefined : pool,
    },
  }
}

/** The families of the cluster IPs, the primary first. */
export function familiesOf(service: Service): readonly Family[] {
  const families = [...new Set(service.clusterIPs.map(({ family }) => family))]
  const primary = service.ipFamilies[0] ?? families[0]
  return families.sort((a, b) => Number(b === primary) - Number(a === primary))
}

/** The addresses asked for, or what is wrong with the request. */
function requestedIps(service: Service): readonly Ip[] | string {
  const listed = annotation(service.annotations, LOAD_BALANCER_IPS)
  if (listed && service.loadBalancerIP !== undefined) {
    return 'service can not have both metallb.io/loadBalancerIPs and spec.loadBalancerIP'
  }
  if (listed) {
    const texts = listed.split(',').map((text) => text.trim())
    const bad = texts.filter((text) => parseIp(text) === undefined)
    if (bad.length > 0) {
      return `invalid metallb.io/loadBalancerIPs "${listed}": "${bad.join('", "')}" is not an IP address`
    }
    const ips = texts.flatMap((text) => parseIp(text) ?? [])
    if (ips.length > 2 || (ips.length === 2 && ips[0]?.family === ips[1]?.family)) {
      return `invalid metallb.io/loadBalancerIPs "${listed}": expected one address, or two of different families`
    }
    return ips
  }
  if (service.loadBalancerIP === undefined) return []
  const ip = parseIp(service.loadBalancerIP)
  return ip ? [ip] : `invalid spec.loadBalancerIP "${service.loadBalancerIP}": not an IP address`
}

function familyMismatch(ips: readonly Ip[], families: readonly Family[]): string | undefined {
  const asked = new Set(ips.map(({ family }) => family))
  if (asked.size === families.length && families.every((family) => asked.has(family))) {
    return undefined
  }
  const name = (list: Iterable<Family>) =>
    [...list].map((family) => `IPv${family}`).join(' and ') || 'no address'
  return (
    `requested loadBalancer IP(s) ${ips.map(formatIp).join(', ')}: ` +
    `${name(asked)} requested, but the service has ${name(families)} (by its clusterIPs)`
  )
}
