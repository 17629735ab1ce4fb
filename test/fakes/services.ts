/** Services and pools for tests of allocation. */
import assert from 'node:assert/strict'
import type { Pool, Service } from '../../src/core/config/model.ts'
import { parseConfig } from '../../src/core/config/parse-config.ts'
import { parseIp } from '../../src/core/net/ip.ts'
import type { Ip } from '../../src/core/net/ip.ts'
import { Allocator } from '../../src/core/pool/allocator.ts'
import { converge } from '../../src/core/pool/converge.ts'
import type { Outcome } from '../../src/core/pool/converge.ts'

export const ip = (text: string): Ip => {
  const parsed = parseIp(text)
  assert.ok(parsed, text)
  return parsed
}

/** `{ name: [addresses, spec?] }` as pools. */
export function pools(
  specs: Readonly<Record<string, readonly [readonly string[], object?]>>,
): ReadonlyMap<string, Pool> {
  const objects = Object.entries(specs).map(([name, [addresses, spec]]) => ({
    metadata: { name },
    spec: { addresses, ...spec },
  }))
  const parsed = parseConfig({ pools: objects, l2Advertisements: [] })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.config.pools
}

export const service = (name: string, over: Partial<Service> = {}): Service => ({
  key: `default/${name}`,
  namespace: 'default',
  name,
  labels: {},
  annotations: {},
  type: 'LoadBalancer',
  clusterIPs: [ip('10.96.0.7')],
  ipFamilies: [4],
  ipFamilyPolicy: 'SingleStack',
  externalTrafficPolicy: 'Cluster',
  selector: {},
  ports: [{ protocol: 'TCP', port: 80 }],
  ingress: [],
  ...over,
})

export const DUAL = { clusterIPs: [ip('10.96.0.7'), ip('fd00:96::7')], ipFamilies: [4, 6] } as const
export const prefer = { ...DUAL, ipFamilyPolicy: 'PreferDualStack' } as const
export const require = { ...DUAL, ipFamilyPolicy: 'RequireDualStack' } as const
export const fromPool = (pool: string) => ({ annotations: { 'metallb.io/address-pool': pool } })
export const wanting = (ips: string) => ({ annotations: { 'metallb.io/loadBalancerIPs': ips } })
export const sharing = (key: string, port: number) => ({
  annotations: { 'metallb.io/allow-shared-ip': key },
  ports: [{ protocol: 'TCP', port }],
})

export function setUp(specs: Parameters<typeof pools>[0]) {
  const allocator = new Allocator()
  allocator.setPools(pools(specs))
  const run = (it: Service, labels = {}): Outcome => converge(allocator, it, labels)
  return { allocator, run }
}

export const one = { p: [['10.0.0.0/30']] } as const
export const two = { b: [['10.0.2.0/24']], a: [['10.0.1.0/24']] } as const
export const both = { p: [['10.0.0.0/30', 'fd00::/126']] } as const
