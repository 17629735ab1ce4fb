/** What the packet thread counts: by address announced, and frames not answered by reason. */
import type { AskDrop } from '../core/announce/ask.ts'
import type { Asked, FrameDrop } from '../core/announce/decide.ts'
import type { RivalKind } from '../core/announce/rivals.ts'
import type { Vip, VipTable } from '../core/announce/vips.ts'
import type { PacketCounters, Rival } from './messages.ts'

export type PacketDropReason =
  | FrameDrop
  | AskDrop
  | 'outgoing'
  | 'sendFailed'
  /** The gossip thread does not vouch for the table (assurance.ts). */
  | 'ownershipUnsure'
  | 'beforeTakeover'
  /** Probed for, or yielded to a stranger. */
  | 'notYetAnnounced'
  | 'yielded'
  | 'vlanTagged'
  | 'oversized'
  | 'queueFull'
  | 'rivalFlood'

const REMEMBERED = 20_000

interface VipCounts {
  requestsReceived: number
  responsesSent: number
  gratuitousSent: number
}

export class PacketCounts {
  #vips = new Map<string, VipCounts>()
  readonly #drops = new Map<PacketDropReason, number>()
  readonly #answers = { arpRequest: 0, arpProbe: 0, solicitation: 0, duplicateProbe: 0 }
  readonly #rivals = { stranger: 0, speaker: 0 }

  /**
   * Of those that were announced here once the counts stay, as those of MetalLB do: a counter that goes
   * looks like a restart. Where there are too many those that are not in the table any more go.
   */
  keep(table: VipTable): void {
    for (const vip of table) this.#of(vip)
    if (this.#vips.size <= REMEMBERED) return
    this.#vips = new Map([...table].map((vip) => [vip.text, this.#of(vip)]))
  }

  /** `sent`: the answer has left. */
  received(vip: Vip, asked: Asked, sent: boolean): void {
    const counts = this.#of(vip)
    counts.requestsReceived++
    if (!sent) return
    counts.responsesSent++
    this.#answers[asked]++
  }

  rivalFound(kind: RivalKind): void {
    this.#rivals[kind]++
  }

  announced(vip: Vip): void {
    this.#of(vip).gratuitousSent++
  }

  dropped(reason: PacketDropReason, frames = 1): void {
    if (frames > 0) this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + frames)
  }

  snapshot(rivals: readonly Rival[]): Omit<PacketCounters, 'interfaces'> {
    return {
      vips: [...this.#vips].map(([ip, counts]) => ({ ip, ...counts })),
      drops: Object.fromEntries(this.#drops),
      answers: { ...this.#answers },
      rivals,
      rivalsFound: { ...this.#rivals },
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
