/** Why there is no address, in words for people. */
import type { Pool } from '../config/model.ts'
import type { Family } from '../net/ip.ts'
import type { Count } from './addresses.ts'
import type { Wish } from './wish.ts'

/** A pool that was looked at and not used, and why. */
export interface PassedOver {
  readonly pool: string
  readonly because: string
}

/** Of a pool that has no address of the family to give. */
export function lack(family: Family, { usable, held }: Count): string {
  if (usable === 0n) return `no IPv${family} addresses`
  const rest = usable - BigInt(held)
  return rest <= 0n
    ? `all ${usable} IPv${family} addresses in use`
    : `${held} of ${usable} IPv${family} addresses in use, the other ${rest} are reserved`
}

/** Of a Service that no pool had an address for. */
export function explain(wish: Wish, passedOver: readonly PassedOver[]): string {
  if (passedOver.length === 0) return 'no available IPs: there is no IPAddressPool'
  const list = passedOver.map(({ pool, because }) => `pool "${pool}": ${because}`).join('; ')
  return wish.pool === undefined ? `no available IPs: ${list}` : list
}

/** Of a pool that the Service names and that is not there. */
export const unknownPool = (pools: ReadonlyMap<string, Pool>): string =>
  `unknown; there are ${[...pools.keys()].map((name) => `"${name}"`).join(', ') || 'none'}`
