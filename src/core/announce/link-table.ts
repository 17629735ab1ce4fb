/** The links and addresses of this node, kept up by what the kernel tells. */
import { formatIp } from '../net/ip.ts'
import type { LinkChange } from '../wire/netlink-link.ts'
import type { Link, LinkAddress } from './interfaces.ts'

export class LinkTable {
  readonly #links = new Map<number, Link>()
  readonly #addresses = new Map<string, LinkAddress>()

  get links(): Iterable<Link> {
    return this.#links.values()
  }

  get addresses(): Iterable<LinkAddress> {
    return this.#addresses.values()
  }

  apply(change: LinkChange): void {
    switch (change.kind) {
      case 'link':
        this.#links.set(change.link.index, change.link)
        return
      case 'linkGone':
        this.#links.delete(change.index)
        for (const [key, { index }] of this.#addresses) {
          if (index === change.index) this.#addresses.delete(key)
        }
        return
      case 'address':
        this.#addresses.set(keyOf(change.address), change.address)
        return
      case 'addressGone':
        this.#addresses.delete(keyOf(change.address))
        return
      case 'done':
      case 'interrupted':
      case 'error':
        return
    }
  }
}

const keyOf = ({ index, ip }: LinkAddress): string => `${index} ${formatIp(ip)}`
