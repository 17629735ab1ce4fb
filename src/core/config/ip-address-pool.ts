/** IPAddressPool: addresses to give out (metallb.io/v1beta1, api/v1beta1/ipaddresspool_types.go). */
import * as z from 'zod'
import { condition } from './configuration-state.ts'
import { ADDRESS_RULES } from './cel.ts'
import type { Kind } from './schema.ts'
import { asSet, labelSelectors, nameSet, rules } from './schema.ts'

const serviceAllocation = z.object({
  priority: z
    .number()
    .int()
    .optional()
    .describe('Of several pools that a Service may use, the lowest is taken first; 0 comes last.'),
  namespaces: nameSet('Namespaces whose Services may use the pool.'),
  namespaceSelectors: labelSelectors('Selectors of namespaces whose Services may use the pool.'),
  serviceSelectors: labelSelectors('Selectors of Services that may use the pool.'),
})

/** The API server must know how long a text and a list may be to bound the cost of a rule. */
const address = z
  .string()
  .max(128)
  .meta(rules(...ADDRESS_RULES))
const MAX_ADDRESSES = 2048

export const ipAddressPoolSpec = z.object({
  addresses: z
    .array(address)
    .min(1, 'pool has no prefixes defined')
    .max(MAX_ADDRESSES)
    .meta(asSet)
    .describe('Addresses of the pool: CIDRs ("10.0.0.0/24") or ranges ("10.0.0.10-10.0.0.20").'),
  autoAssign: z
    .boolean()
    .default(true)
    .describe('False: the pool is used only by Services that ask for it or for an address of it.'),
  avoidBuggyIPs: z
    .boolean()
    .default(false)
    .describe('True: IPv4 addresses that end in .0 and .255 are not given out.'),
  serviceAllocation: serviceAllocation
    .optional()
    .describe('Which Services and namespaces may use the pool; absent: all.'),
})

const count = (what: string) =>
  z.number().int().meta({ format: 'int64' }).describe(`Number of ${what}.`)

const text = (what: string) => z.string().describe(what)
const service = text('The Service, as namespace/name.')
const addresses = z.array(z.string())

const usage = z.object({
  used: text('Addresses that Services have.'),
  free: text('Addresses that the next Service may be given unasked.'),
  total: text('Addresses of the pool, reserved and kept ones included.'),
})

const holder = z.object({
  address: text('The address.'),
  services: z.array(z.string()).describe('The Services that have it, as namespace/name.'),
})

const kept = z.object({
  service,
  addresses: addresses.describe('What it had, and gets back.'),
  until: z
    .string()
    .meta({ format: 'date-time' })
    .describe('When others may have them, unless the Service is there again.'),
  sharing: z
    .object({
      key: text('Its sharing key.'),
      backend: text('Its selector, where its traffic policy is Local.'),
      ports: z.array(z.string()).describe('Its ports, as TCP/80.'),
    })
    .optional()
    .describe('With whom it shared them; absent: with nobody.'),
})

export const ipAddressPoolStatus = z.object({
  assignedIPv4: count('assigned IPv4 addresses'),
  assignedIPv6: count('assigned IPv6 addresses'),
  availableIPv4: count('IPv4 addresses still free'),
  availableIPv6: count('IPv6 addresses still free'),
  usage: usage
    .optional()
    .describe('The counts of both families for people to read, large ones rounded.'),
  holders: z
    .array(holder)
    .optional()
    .describe('Who has which address, lowest first (bellwether.io/list-holders); at most 256.'),
  holdersOmitted: count('addresses in use that holders has no room for').optional(),
  kept: z
    .array(kept)
    .optional()
    .describe('Addresses kept for Services that were deleted (bellwether.io/keep-addresses).'),
  conditions: z
    .array(condition)
    .optional()
    .describe('UsageHigh: a step of bellwether.io/warn-at-usage is reached.')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
})

export type IpAddressPoolStatus = z.infer<typeof ipAddressPoolStatus>

export const IP_ADDRESS_POOL: Kind = {
  kind: 'IPAddressPool',
  plural: 'ipaddresspools',
  version: 'v1beta1',
  description: 'A pool of IP addresses that are given to Services of type LoadBalancer.',
  columns: [
    { name: 'Auto Assign', type: 'boolean', jsonPath: '.spec.autoAssign' },
    { name: 'Avoid Buggy IPs', type: 'boolean', jsonPath: '.spec.avoidBuggyIPs' },
    { name: 'Addresses', type: 'string', jsonPath: '.spec.addresses' },
    { name: 'Used', type: 'string', jsonPath: '.status.usage.used' },
    { name: 'Free', type: 'string', jsonPath: '.status.usage.free' },
    { name: 'Total', type: 'string', jsonPath: '.status.usage.total' },
  ],
  spec: ipAddressPoolSpec,
  specRequired: true,
  status: ipAddressPoolStatus,
}
