/** The addresses this node answers for, looked up in the same time however many there are. */
import type { AnnouncedVip } from '../election/owners.ts'
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'

export interface Vip {
  readonly ip: Ip
  readonly text: string
  readonly interfaces: ReadonlySet<string> | 'all'
}

/** An IPv6 address as it is compared: four numbers of 32 bits, signed, since V8 keeps those unboxed. */
type Words = readonly [number, number, number, number]

interface Entry6 {
  readonly words: Words
  readonly vip: Vip
}

export class VipTable {
  readonly #byText = new Map<string, Vip>()
  readonly #ipv4 = new Map<number, Vip>()
  /** By a hash of the four words: mostly one each. */
  readonly #ipv6 = new Map<number, Entry6[]>()

  /** `previous` spares parsing again what was in it. What is no address is left out. */
  constructor(announced: readonly AnnouncedVip[] = [], previous?: VipTable) {
    for (const { ip: text, interfaces } of announced) {
      const ip = (previous && previous.#byText.get(text)?.ip) ?? parseIp(text)
      if (!ip) continue
      const allowed = interfaces === 'all' ? interfaces : new Set(interfaces)
      const vip = { ip, text, interfaces: allowed }
      this.delete(vip)
      this.#byText.set(text, vip)
      if (ip.family === 4) this.#ipv4.set(wordOf(ip), vip)
      else {
        const words = wordsOf(ip)
        const hash = hashOf(...words)
        this.#ipv6.set(hash, [...(this.#ipv6.get(hash) ?? []), { words, vip }])
      }
    }
  }

  get(ip: Ip): Vip | undefined {
    return ip.family === 4 ? this.#ipv4.get(wordOf(ip)) : this.#get6(...wordsOf(ip))
  }

  /** The one whose four bytes lie at `at`; allocates nothing. */
  ipv4At(view: DataView, at: number): Vip | undefined {
    return this.#ipv4.get(view.getInt32(at))
  }

  /** The one whose sixteen bytes lie at `at`; allocates nothing. */
  ipv6At(view: DataView, at: number): Vip | undefined {
    if (this.#ipv6.size === 0) return undefined
    return this.#get6(
      view.getInt32(at),
      view.getInt32(at + 4),
      view.getInt32(at + 8),
      view.getInt32(at + 12),
    )
  }

  named(text: string): Vip | undefined {
    return this.#byText.get(text)
  }

  get size(): number {
    return this.#byText.size
  }

  delete({ ip, text }: Vip): void {
    this.#byText.delete(text)
    if (ip.family === 4) {
      this.#ipv4.delete(wordOf(ip))
      return
    }
    const hash = hashOf(...wordsOf(ip))
    const others = (this.#ipv6.get(hash) ?? []).filter(({ vip }) => vip.ip.value !== ip.value)
    if (others.length > 0) this.#ipv6.set(hash, others)
    else this.#ipv6.delete(hash)
  }

  [Symbol.iterator](): Iterator<Vip> {
    return this.#byText.values()
  }

  #get6(a: number, b: number, c: number, d: number): Vip | undefined {
    const entries = this.#ipv6.get(hashOf(a, b, c, d))
    if (!entries) return undefined
    for (const { words, vip } of entries) {
      if (words[3] === d && words[2] === c && words[1] === b && words[0] === a) return vip
    }
    return undefined
  }
}

const wordOf = ({ value }: Ip): number => Number(value) | 0

const wordsOf = ({ value }: Ip): Words => [
  Number(value >> 96n) | 0,
  Number((value >> 64n) & 0xffffffffn) | 0,
  Number((value >> 32n) & 0xffffffffn) | 0,
  Number(value & 0xffffffffn) | 0,
]

/** Addresses that are counted up from one another have different ones. */
const hashOf = (a: number, b: number, c: number, d: number): number =>
  (Math.imul(Math.imul(Math.imul(a, 31) + b, 31) + c, 31) + d) | 0

export const allowsInterface = (vip: Vip, name: string): boolean =>
  vip.interfaces === 'all' || vip.interfaces.has(name)
