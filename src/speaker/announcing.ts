/** Tells the neighbours where addresses are, and asks who else has them: when, and no faster than that. */
import {
  GratuitousSchedule,
  gratuitousFrames,
  placesOf,
  probeFrame,
} from '../core/announce/gratuitous.ts'
import type { Announcement, DueAnnouncement, Fresh } from '../core/announce/gratuitous.ts'
import type { AnnouncingInterface } from '../core/announce/interfaces.ts'
import { Pace } from '../core/announce/pace.ts'
import type { Vip } from '../core/announce/vips.ts'
import type { AnnounceOptions } from './messages.ts'

/** Leave at once after a rest: one address of a home, or of a small cluster, never waits. */
const AT_ONCE = 64

/** Packets at one turn of the thread: who asks meanwhile waits for as long as they take, some µs each. */
const A_TURN = 8

const NONE: readonly string[] = []

export interface AnnouncingPorts {
  /** True: it has left. */
  send(vip: Vip, on: AnnouncingInterface, frame: Uint8Array): boolean
  /** Its first announcement leaves right after. */
  begins(vip: Vip): void
  /** A gratuitous packet has left. */
  sent(vip: Vip): void
}

export class Announcing {
  readonly #ports: AnnouncingPorts
  readonly #schedule: GratuitousSchedule
  readonly #pace: Pace
  /** When the schedule has something next. */
  #due = Infinity
  #vips: ReadonlyMap<string, Vip> = new Map()
  #interfaces: readonly AnnouncingInterface[] = []

  constructor({ refreshMs, packetsPerSecond }: AnnounceOptions, ports: AnnouncingPorts) {
    this.#ports = ports
    this.#schedule = new GratuitousSchedule(refreshMs)
    this.#pace = new Pace(packetsPerSecond, AT_ONCE)
  }

  update(
    now: number,
    vips: Iterable<Vip>,
    interfaces: readonly AnnouncingInterface[],
    fresh?: Fresh,
  ): void {
    this.#vips = new Map(Array.from(vips, (vip) => [vip.text, vip]))
    this.#interfaces = interfaces
    this.#schedule.update(now, vips, interfaces, fresh)
    this.#due = this.#schedule.deadline ?? Infinity
  }

  /** When `run` has something next; Infinity: never. */
  deadline(now: number): number {
    return this.#due > now ? this.#due : this.#pace.readyAt(now)
  }

  /** Sends what is due, or a turn's worth of it. Which addresses have been announced for the first time. */
  run(now: number): readonly string[] {
    if (this.#due > now) return NONE
    const packets = Math.min(A_TURN, this.#pace.available(now))
    return packets === 0 ? NONE : this.#sendAll(this.#schedule.take(now, packets))
  }

  /** A neighbour asks for this one: its turn is now, if it has not been yet. As `run`. */
  hasten(now: number, vip: Vip): readonly string[] {
    return this.#sendAll(this.#schedule.hasten(now, vip, this.#interfaces))
  }

  /** Once more, beside the schedule, where it is announced. */
  announce(ip: string): void {
    const vip = this.#vips.get(ip)
    if (!vip) return
    for (const on of placesOf(vip, this.#interfaces)) this.#announce({ vip, on })
  }

  /** Asks who else has it, beside the schedule. */
  probe(vip: Vip): void {
    for (const on of placesOf(vip, this.#interfaces)) this.#probe({ vip, on })
  }

  #sendAll(due: readonly DueAnnouncement[]): string[] {
    const firsts = new Set<string>()
    for (const announcement of due) {
      if (announcement.sends === 'probe') this.#probe(announcement)
      else {
        // As late as can be: until the first is out, the old owner answers.
        this.#ports.begins(announcement.vip)
        this.#announce(announcement)
      }
      if (announcement.first) firsts.add(announcement.vip.text)
    }
    this.#due = this.#schedule.deadline ?? Infinity
    return [...firsts]
  }

  #announce(announcement: Announcement): void {
    const { vip, on } = announcement
    for (const frame of gratuitousFrames(announcement)) {
      this.#pace.spend(1)
      if (this.#ports.send(vip, on, frame)) this.#ports.sent(vip)
    }
  }

  #probe(announcement: Announcement): void {
    this.#pace.spend(1)
    this.#ports.send(announcement.vip, announcement.on, probeFrame(announcement))
  }
}
