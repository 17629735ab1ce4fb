/** What the packet thread counts: by address announced, and frames not answered by reason. */
import type { AskDrop } from '../core/announce/ask.ts'
import type { FrameDrop } from '../core/announce/decide.ts'
import type { Vip, VipTable } from '../core/announce/vips.ts'
import type { PacketCounters } from './messages.ts'

/** `ownershipUnsure`: the gossip thread does not vouch for the table (assurance.ts). */
export type PacketDropReason =
  FrameDrop | AskDrop | 'sendFailed' | 'ownershipUnsure' | 'beforeTakeover'

const REMEMBERED = 20_000

interface VipCounts {
  requestsReceived: number
  responsesSent: number
  gratuitousSent: number
}

export class PacketCounts {
  #vips = new Map<string, VipCounts>()
  readonly #drops = new Map<PacketDropReason, number>()

  /**
   * Of those that were announced here once the counts stay, as those of MetalLB do: a counter that goes
   * looks like a restart. Where there are too many those that are not in the table any more go.
   */
  keep(table: VipTable): void {
    for (const vip of table) this.#of(vip)
    if (this.#vips.size <= REMEMBERED) return
    this.#vips = new Map([...table].map((vip) => [vip.text, this.#of(vip)]))
  }

  received(vip: Vip): void {
    this.#of(vip).requestsReceived++
  }

  responded(vip: Vip): void {
    this.#of(vip).responsesSent++
  }

  announced(vip: Vip): void {
    this.#of(vip).gratuitousSent++
  }

  dropped(reason: PacketDropReason): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1)
  }

  snapshot(): PacketCounters {
    return {
      vips: [...this.#vips].map(([ip, counts]) => ({ ip, ...counts })),
      drops: Object.fromEntries(this.#drops),
    }
  }

  #of(vip: Vip): VipCounts {
    let counts = this.#vips.get(vip.text)
    if (!counts) {
      counts = { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 }
      this.#vips.set(vip.text, counts)
    }
    return counts
  }
}
