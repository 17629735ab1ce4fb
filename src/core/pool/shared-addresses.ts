/**
 * Addresses that Services with a sharing key hold, so that a newcomer with the same key finds those
 * it may join. It narrows the search; `sharingConflict` decides.
 */
import type { Ip } from '../net/ip.ts'
import { ipKey } from './addresses.ts'
import type { AddressKey } from './addresses.ts'
import type { Sharing } from './sharing.ts'

export class SharedAddresses {
  /** By sharing key, then by address: how many of the key's Services hold it. */
  readonly #addresses = new Map<string, Map<AddressKey, { readonly ip: Ip; holders: number }>>()
  /** By sharing key and port: on how many of the key's addresses the port is taken. */
  readonly #taken = new Map<string, number>()

  join(ip: Ip, { key, ports }: Sharing): void {
    if (key === '') return
    const addresses = this.#addresses.get(key) ?? new Map<AddressKey, { ip: Ip; holders: number }>()
    this.#addresses.set(key, addresses)
    const shared = addresses.get(ipKey(ip)) ?? { ip, holders: 0 }
    addresses.set(ipKey(ip), shared)
    shared.holders++
    for (const port of ports) this.#count(`${key} ${port}`, 1)
  }

  leave(ip: Ip, { key, ports }: Sharing): void {
    const addresses = this.#addresses.get(key)
    const shared = addresses?.get(ipKey(ip))
    if (!addresses || !shared) return
    shared.holders--
    if (shared.holders === 0) addresses.delete(ipKey(ip))
    if (addresses.size === 0) this.#addresses.delete(key)
    for (const port of ports) this.#count(`${key} ${port}`, -1)
  }

  /** Those of the key; none where one of the ports is taken on all, however many they are. */
  *joinable({ key, ports }: Sharing): Iterable<Ip> {
    const addresses = this.#addresses.get(key)
    if (!addresses || ports.some((port) => this.#taken.get(`${key} ${port}`) === addresses.size)) {
      return
    }
    for (const { ip } of addresses.values()) yield ip
  }

  #count(what: string, change: 1 | -1): void {
    const count = (this.#taken.get(what) ?? 0) + change
    if (count === 0) this.#taken.delete(what)
    else this.#taken.set(what, count)
  }
}
