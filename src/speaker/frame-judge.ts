/**
 * What becomes of a frame: whether this node may answer at all at this moment, what the answer is
 * (core/announce/decide.ts), and what the frame says of who sent it.
 */
import type { ReceivedFrame } from '../adapters/af-packet.ts'
import { claimedIn } from '../core/announce/claim.ts'
import { Responder } from '../core/announce/decide.ts'
import type { Asked } from '../core/announce/decide.ts'
import type { AnnouncingInterface } from '../core/announce/interfaces.ts'
import { senderIs, senderOf, usedBySender } from '../core/announce/sighting.ts'
import type { Vip } from '../core/announce/vips.ts'
import type { Mac } from '../core/net/mac.ts'
import { isMacAt, isMulticastMac, sameMac } from '../core/wire/ethernet.ts'
import type { OwnInterfaces } from './own-interfaces.ts'
import type { PacketDropReason } from './packet-counts.ts'
import type { PacketTable } from './packet-table.ts'

export interface JudgePorts {
  /** While it holds, the table is true. `unheard`: something has been posted since. */
  readonly lease: { readonly holds: boolean; unheard(): boolean }
  /** Takes in what has been posted. */
  hear(): void
  /** Asked for while it waits to be announced. True: it has been announced at this. */
  hasten(vip: Vip): boolean
  /** A MAC that is not ours uses one of ours. */
  seen(vip: Vip, mac: Mac, on: AnnouncingInterface): void
  /** Another has announced what was given to it. */
  claimed(vip: Vip): void
  /** Left to a stranger, by text. */
  readonly yielded: ReadonlySet<string>
}

export class FrameJudge {
  readonly #table: PacketTable
  readonly #interfaces: OwnInterfaces
  readonly #ports: JudgePorts
  readonly #responder = new Responder()
  /** The lease held, and all that was posted before was taken in: else the table may be an old one. */
  sure = false

  constructor(table: PacketTable, interfaces: OwnInterfaces, ports: JudgePorts) {
    this.#table = table
    this.#interfaces = interfaces
    this.#ports = ports
  }

  /** The address that the last frame asked for; undefined: it is not to be answered. */
  get vip(): Vip | undefined {
    return this.#responder.vip
  }

  get asked(): Asked {
    return this.#responder.asked
  }

  /** The answer to it; valid until the next `consider`. */
  get reply(): Uint8Array {
    return this.#responder.reply
  }

  /** Why a frame is not answered; undefined: it is, by `reply`. */
  consider(frame: ReceivedFrame): PacketDropReason | undefined {
    // For each frame: the process may have been stopped after the last one.
    if (!this.sure || !this.#ports.lease.holds) return 'ownershipUnsure'
    // It is judged by all that was said before it came, however late this thread is.
    if (this.#ports.lease.unheard()) this.#ports.hear()
    if (frame.outgoing) return 'outgoing'
    const on = this.#interfaces.at(frame.ifindex)
    if (frame.otherHost) {
      const meant =
        isMulticastMac(frame.bytes) || (on !== undefined && isMacAt(frame.bytes, 0, on.mac))
      return meant ? 'vlanTagged' : 'notForUs'
    }
    if (frame.cut) return 'oversized'
    this.hearSender(frame, on)
    const reason = this.#responder.decide(frame, on, this.#table.vips, this.#table.lame)
    const { vip } = this.#responder
    if (reason || !vip) return reason
    if (this.#ports.yielded.has(vip.text)) return 'yielded'
    const since = this.#table.since(vip)
    if (since === undefined || frame.stampMs >= since) return undefined
    // Who asks hears the announcement.
    if (since === Infinity && !this.#ports.hasten(vip)) return 'notYetAnnounced'
    return 'beforeTakeover'
  }

  /** Another that uses an address of ours: it takes what was given to it, or is a rival. */
  hearSender(frame: ReceivedFrame, on = this.#interfaces.at(frame.ifindex)): void {
    if (!on) return
    const vip = usedBySender(frame, on.name, this.#table.vips)
    if (!vip) return
    for (const mac of this.#interfaces.macs) if (senderIs(frame, mac)) return
    if (this.#table.lame.get(vip.ip)) return this.#hearClaim(frame, on)
    if (this.sure) this.#ports.seen(vip, senderOf(frame), on)
  }

  /** What was given is silent from here on: frames after this one came after it. */
  #hearClaim(frame: ReceivedFrame, on: AnnouncingInterface): void {
    const bytes = frame.bytes.subarray(0, frame.length)
    const isOwn = (mac: Mac) => this.#interfaces.macs.some((own) => sameMac(own, mac))
    const vip = claimedIn(bytes, on, this.#table.lame, isOwn)
    if (vip) this.#ports.claimed(vip)
  }
}
