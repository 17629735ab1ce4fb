/** The addresses this node answers for, looked up in the same time however many there are. */
import type { AnnouncedVip } from '../election/owners.ts'
import { parseIp } from '../net/ip.ts'
import type { Family, Ip } from '../net/ip.ts'

export interface Vip {
  readonly ip: Ip
  readonly text: string
  readonly interfaces: ReadonlySet<string> | 'all'
}

export class VipTable {
  readonly #byValue: Readonly<Record<Family, Map<bigint, Vip>>> = { 4: new Map(), 6: new Map() }
  readonly #byText = new Map<string, Vip>()

  /** `previous` spares parsing again what was in it. What is no address is left out. */
  constructor(announced: readonly AnnouncedVip[] = [], previous?: VipTable) {
    for (const { ip: text, interfaces } of announced) {
      const ip = (previous && previous.#byText.get(text)?.ip) ?? parseIp(text)
      if (!ip) continue
      const allowed = interfaces === 'all' ? interfaces : new Set(interfaces)
      const vip = { ip, text, interfaces: allowed }
      this.#byText.set(text, vip)
      this.#byValue[ip.family].set(ip.value, vip)
    }
  }

  get(ip: Ip): Vip | undefined {
    return this.#byValue[ip.family].get(ip.value)
  }

  get size(): number {
    return this.#byText.size
  }

  delete({ ip, text }: Vip): void {
    this.#byText.delete(text)
    this.#byValue[ip.family].delete(ip.value)
  }

  [Symbol.iterator](): Iterator<Vip> {
    return this.#byText.values()
  }
}

export const allowsInterface = (vip: Vip, name: string): boolean =>
  vip.interfaces === 'all' || vip.interfaces.has(name)
