/** The interfaces of this node on which addresses are announced, and the MACs of all it has. */
import { isDeepStrictEqual } from 'node:util'
import { LinkWatch } from '../adapters/netlink.ts'
import { announcingInterfaces } from '../core/announce/interfaces.ts'
import type { AnnouncingInterface } from '../core/announce/interfaces.ts'
import type { LinkTable } from '../core/announce/link-table.ts'
import type { Mac } from '../core/net/mac.ts'

export class OwnInterfaces {
  readonly #links = new LinkWatch()
  #exclude: readonly RegExp[]
  /** By index; undefined: not looked yet. */
  #announcing: ReadonlyMap<number, AnnouncingInterface> | undefined
  #macs: readonly Mac[] = []

  /** Throws where the kernel refuses. `exclude`: names of those that do not announce. */
  constructor(exclude: readonly RegExp[]) {
    this.#exclude = exclude
  }

  /** Readable when there is something to `update`. */
  get fd(): number {
    return this.#links.fd
  }

  /** All that the kernel has, whether they announce or not. */
  get table(): LinkTable {
    return this.#links.table
  }

  get announcing(): readonly AnnouncingInterface[] {
    return [...(this.#announcing?.values() ?? [])]
  }

  /** Of all interfaces of this node. */
  get macs(): readonly Mac[] {
    return this.#macs
  }

  /** The one that announces and has this index; undefined: none. */
  at(index: number): AnnouncingInterface | undefined {
    return this.#announcing?.get(index)
  }

  exclude(exclude: readonly RegExp[]): void {
    this.#exclude = exclude
  }

  /** Takes in what the kernel has said. True: something may have changed. */
  update(): boolean {
    return this.#links.update()
  }

  /** Looks anew at which announce. True: others than before, or this is the first look. */
  scan(): boolean {
    const { addresses } = this.#links.table
    const links = [...this.#links.table.links]
    this.#macs = links.flatMap(({ mac }) => mac ?? [])
    const all = announcingInterfaces(links, addresses, this.#exclude)
    // Most changes are of other interfaces: those of pods that come and go.
    if (this.#announcing && isDeepStrictEqual(all, this.announcing)) return false
    this.#announcing = new Map(all.map((on) => [on.index, on]))
    return true
  }

  close(): void {
    this.#links.close()
  }
}
