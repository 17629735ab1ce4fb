/**
 * What the gossip thread wants to know of the wire, from the thread that owns it: whether a neighbour's
 * kernel answers (core/announce/ask.ts), and whether this node's own cable is in.
 */
import { PacketSocket } from '../adapters/af-packet.ts'
import { OpenQuestions, answeredBy, question } from '../core/announce/ask.ts'
import type { AskDrop } from '../core/announce/ask.ts'
import { CarrierWatch } from '../core/announce/carrier.ts'
import type { LinkTable } from '../core/announce/link-table.ts'
import { ipFromBytes, ipToBytes } from '../core/net/ip.ts'
import type { Ip } from '../core/net/ip.ts'
import type { Mac } from '../core/net/mac.ts'
import type { ReceivedFrame } from '../adapters/af-packet.ts'
import { senderOf } from '../core/announce/sighting.ts'
import type { FromPacket, ToSegment } from './messages.ts'

export interface SegmentPorts {
  toGossip(message: FromPacket): void
  dropped(reason: AskDrop | 'sendFailed' | 'oversized'): void
  /** Each frame, whatever it answers. */
  heard(frame: ReceivedFrame): void
  /** The kernel of this address has this MAC. */
  answered(ip: Ip, mac: Mac): void
}

export class Segment {
  readonly #ports: SegmentPorts
  readonly #arp = new PacketSocket('arpReplies')
  readonly #neighbor = new PacketSocket('advertisements')
  readonly #open = new OpenQuestions()
  #carrier: CarrierWatch | undefined

  /** Throws where the kernel refuses: CAP_NET_RAW is needed. */
  constructor(ports: SegmentPorts) {
    this.#ports = ports
  }

  /** Readable when there is something to `hear`. */
  get fds(): readonly number[] {
    return [this.#arp.fd, this.#neighbor.fd]
  }

  take(message: ToSegment, table: LinkTable): void {
    const ip = ipFromBytes(message.ip)
    if (!ip) return
    switch (message.kind) {
      case 'bound':
        this.#carrier = new CarrierWatch(ip)
        return this.linksChanged(table)
      case 'ask': {
        const asked = question(ip, table.links, table.addresses)
        if (!asked) return
        const socket = ip.family === 4 ? this.#arp : this.#neighbor
        if (socket.send(asked.index, asked.frame) !== 0) return this.#ports.dropped('sendFailed')
        return this.#open.asked(ip, performance.now())
      }
    }
  }

  linksChanged({ links, addresses }: LinkTable): void {
    const up = this.#carrier?.update(links, addresses)
    if (up !== undefined) this.#ports.toGossip({ kind: 'carrier', up })
  }

  /** At most `limit` frames of each kind. */
  hear(limit: number): void {
    for (const socket of [this.#arp, this.#neighbor]) {
      for (let i = 0; i < limit; i++) {
        const frame = socket.receive()
        if (!frame) break
        if (frame.cut) this.#ports.dropped('oversized')
        else this.#hear(frame)
      }
    }
  }

  /** Takes off what poll(2) has as an error. */
  settle(): void {
    this.#arp.settle()
    this.#neighbor.settle()
  }

  #hear(frame: ReceivedFrame): void {
    this.#ports.heard(frame)
    const from = answeredBy(frame.bytes.subarray(0, frame.length))
    if (!from.ok) return this.#ports.dropped(from.reason)
    this.#ports.answered(from.value, senderOf(frame))
    if (this.#open.answered(from.value, performance.now())) {
      this.#ports.toGossip({ kind: 'answered', ip: ipToBytes(from.value) })
    } else this.#ports.dropped('notAsked')
  }

  close(): void {
    this.#arp.close()
    this.#neighbor.close()
  }
}
