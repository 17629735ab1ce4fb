/** What this node answers for, from when on, and what is another's as soon as that announces it. */
import { VipTable } from '../core/announce/vips.ts'
import type { Vip } from '../core/announce/vips.ts'
import type { Family } from '../core/net/ip.ts'
import type { ToPacket } from './messages.ts'

export class PacketTable {
  #vips = new VipTable()
  /** Those that are another's as soon as it announces them. */
  #lame = new VipTable()
  /** Lame ones that were: a table on its way may not know yet. */
  #claimed = new Set<string>()
  /** Those that nobody has announced so far. */
  #first: ReadonlySet<string> = new Set()
  /** Texts of new ones that have not been announced yet. */
  readonly #waiting = new Set<string>()
  /**
   * When others were announced, Unix time in ms. What came before that is the old owner's to answer. By
   * text, until all that came before is through.
   */
  readonly #since = new Map<string, number>()

  get vips(): VipTable {
    return this.#vips
  }

  get lame(): VipTable {
    return this.#lame
  }

  take({ vips, lame, first = [] }: ToPacket): void {
    this.#first = new Set(first)
    this.#claimed = this.#claimed.intersection(new Set(lame))
    const held = vips.filter(({ ip }) => !this.#claimed.has(ip))
    const given = new Set(lame)
    const before = this.#vips
    this.#vips = new VipTable(held, before)
    this.#lame = new VipTable(
      held.filter(({ ip }) => given.has(ip)),
      this.#vips,
    )
    for (const { ip, text } of before) if (!this.#vips.get(ip)) this.#forget(text)
    for (const { ip, text } of this.#vips) if (!before.get(ip)) this.#waiting.add(text)
  }

  /** This node answers for nothing any more. */
  clear(): void {
    this.#vips = new VipTable()
  }

  /** Another has announced one that was lame. */
  claimed(vip: Vip): void {
    this.#claimed.add(vip.text)
    this.#lame.delete(vip)
    this.#vips.delete(vip)
  }

  /** Its first announcement leaves. */
  begins({ text }: Vip, nowMs: number): void {
    if (this.#waiting.delete(text)) this.#since.set(text, nowMs)
  }

  /** It is to be announced anew before it is answered for. */
  withdraw(text: string): void {
    this.#forget(text)
    if (this.#vips.named(text)) this.#waiting.add(text)
  }

  /**
   * From which moment on what comes in is answered, Unix time in ms. Infinity: it has not been announced;
   * undefined: all is.
   */
  since({ text }: Vip): number | undefined {
    if (this.#waiting.size > 0 && this.#waiting.has(text)) return Infinity
    return this.#since.size === 0 ? undefined : this.#since.get(text)
  }

  /** Nobody has announced it before, nor this node since. */
  isFirst({ text }: Vip): boolean {
    return this.#first.has(text) && this.#waiting.has(text)
  }

  /** All that has come so far is through: what comes next has come after all that was announced. */
  emptied(family: Family): void {
    if (this.#since.size === 0) return
    for (const text of this.#since.keys()) {
      if ((family === 4) === !text.includes(':')) this.#since.delete(text)
    }
  }

  #forget(text: string): void {
    this.#waiting.delete(text)
    this.#since.delete(text)
  }
}
