/**
 * The packet thread's loop: it waits in poll(2) for frames, changes of interfaces, messages and the
 * next gratuitous announcement, and for nothing else. What is on the wire is sent from here.
 */
import { isDeepStrictEqual } from 'node:util'
import { PacketSocket } from '../adapters/af-packet.ts'
import { PollSet, SOCK_CLOEXEC, SOCK_NONBLOCK, eventfd, must, read } from '../adapters/libc.ts'
import { LinkWatch } from '../adapters/netlink.ts'
import { claimedIn } from '../core/announce/claim.ts'
import { decide } from '../core/announce/decide.ts'
import type { Received } from '../core/announce/decide.ts'
import { GratuitousSchedule, gratuitousFrames } from '../core/announce/gratuitous.ts'
import { solicitedNodeGroups } from '../core/announce/groups.ts'
import { announcingInterfaces } from '../core/announce/interfaces.ts'
import type { AnnouncingInterface } from '../core/announce/interfaces.ts'
import { VipTable } from '../core/announce/vips.ts'
import type { Mac } from '../core/net/mac.ts'
import { sameMac } from '../core/wire/ethernet.ts'
import type { FromPacket, MainToPacket, PacketToMain, ToPacket, ToSegment } from './messages.ts'
import { PacketCounts } from './packet-counts.ts'
import { Segment } from './segment.ts'

export interface PacketPorts {
  /** All messages that are there, oldest first. */
  receive(): (MainToPacket | ToPacket | ToSegment)[]
  send(message: PacketToMain): void
  toGossip(message: FromPacket): void
  /**
   * While it holds, the table is true: the gossip thread runs and vouches for it. `unheard`: it has
   * posted something since.
   */
  readonly lease: { readonly holds: boolean; unheard(): boolean }
}

/** Frames or announcements in one go: then the loop looks for messages, even in a flood. */
const BATCH = 64
/** Between looks whether the lease holds again, where something is to be announced. */
const UNSURE_WAIT_MS = 5
/** A thread that is terminated ends no sooner than poll(2) does. */
const LONGEST_WAIT_MS = 500

export class PacketLoop {
  readonly #ports: PacketPorts
  #exclude: readonly RegExp[]
  readonly #wakeFd = must(eventfd(0, SOCK_NONBLOCK | SOCK_CLOEXEC), 'eventfd')
  readonly #arp = new PacketSocket('arpRequests')
  readonly #neighbor = new PacketSocket('solicitations')
  readonly #links = new LinkWatch()
  readonly #schedule = new GratuitousSchedule()
  readonly #counts = new PacketCounts()
  readonly #segment = new Segment({
    toGossip: (message) => this.#ports.toGossip(message),
    dropped: (reason) => this.#counts.dropped(reason),
  })
  #vips = new VipTable()
  /**
   * When new ones were announced, Unix time in ms; Infinity: not yet. What came before that is the old
   * owner's to answer. By text, until all that came before is through.
   */
  readonly #ownSince = new Map<string, number>()
  /** Those that are another's as soon as it announces them. */
  #lame = new VipTable()
  /** Lame ones that were: a table on its way may not know yet. */
  #claimed = new Set<string>()
  #interfaces = new Map<number, AnnouncingInterface>()
  #sentNames: string | undefined
  #sentGroups = '[]'
  #sure = false
  #stopped = false

  /** Opens the sockets. Throws where the kernel refuses one: CAP_NET_RAW is needed. */
  constructor(ports: PacketPorts, exclude: readonly RegExp[]) {
    this.#ports = ports
    this.#exclude = exclude
  }

  /** Returns after 'stop'. */
  run(): void {
    this.#ports.send({ kind: 'ready', wakeFd: this.#wakeFd })
    this.#scan()
    const fds = [this.#wakeFd, this.#arp.fd, this.#neighbor.fd, this.#links.fd]
    const poll = new PollSet([...fds, ...this.#segment.fds])
    const wakes = new Uint8Array(8)
    while (!this.#stopped) {
      poll.wait(this.#timeoutMs())
      const sure = this.#ports.lease.holds
      // A lease that holds again is for a table that was sent before: it must be taken in first.
      if (poll.readable(0) || (sure && !this.#sure)) {
        if (poll.readable(0)) read(this.#wakeFd, wakes)
        this.#hear()
      }
      this.#sure = sure
      if (poll.readable(1)) this.#answer(this.#arp)
      if (poll.readable(2)) this.#answer(this.#neighbor)
      if (poll.readable(3) && this.#links.update()) this.#scan()
      if (sure) this.#announce()
      if (poll.readable(4) || poll.readable(5)) this.#segment.hear(BATCH)
    }
    for (const socket of [this.#arp, this.#neighbor, this.#links, this.#segment]) socket.close()
    // The eventfd stays: a late wake must not write to what reuses its number.
    this.#ports.send({ kind: 'stopped' })
  }

  #timeoutMs(): number {
    const deadline = this.#schedule.deadline ?? Infinity
    const least = this.#sure ? 0 : UNSURE_WAIT_MS
    return Math.ceil(Math.max(least, Math.min(LONGEST_WAIT_MS, deadline - performance.now())))
  }

  #hear(): void {
    for (const message of this.#ports.receive()) this.#take(message)
  }

  #take(message: MainToPacket | ToPacket | ToSegment): void {
    switch (message.kind) {
      case 'announce':
        this.#takeTable(message)
        this.#counts.keep(this.#vips)
        this.#tableChanged(message.again)
        return
      case 'ask':
      case 'bound':
        return this.#segment.take(message, this.#links.table)
      case 'exclude':
        this.#exclude = message.patterns.map((pattern) => new RegExp(pattern))
        return this.#scan()
      case 'count':
        this.#ports.send({ kind: 'counters', counters: this.#counts.snapshot() })
        return
      case 'stop':
        this.#vips = new VipTable()
        this.#tableChanged()
        this.#stopped = true
        return
    }
  }

  #takeTable({ vips, lame }: ToPacket): void {
    this.#claimed = this.#claimed.intersection(new Set(lame))
    const held = vips.filter(({ ip }) => !this.#claimed.has(ip))
    const given = new Set(lame)
    const before = this.#vips
    this.#vips = new VipTable(held, before)
    this.#lame = new VipTable(
      held.filter(({ ip }) => given.has(ip)),
      this.#vips,
    )
    for (const { ip, text } of before) if (!this.#vips.get(ip)) this.#ownSince.delete(text)
    for (const { ip, text } of this.#vips) if (!before.get(ip)) this.#ownSince.set(text, Infinity)
  }

  /** Looks anew at which interfaces qualify. */
  #scan(): void {
    const { links, addresses } = this.#links.table
    this.#segment.linksChanged(this.#links.table)
    const interfaces = announcingInterfaces(links, addresses, this.#exclude)
    // Most changes are of other interfaces: those of pods that come and go.
    const same = isDeepStrictEqual(interfaces, [...this.#interfaces.values()])
    if (same && this.#sentNames !== undefined) return
    this.#interfaces = new Map(interfaces.map((on) => [on.index, on]))
    const names = interfaces.map(({ name }) => name)
    if (names.join() !== this.#sentNames) {
      this.#ports.send({ kind: 'interfaces', names })
      this.#ports.toGossip({ kind: 'interfaces', names })
    }
    this.#sentNames = names.join()
    this.#tableChanged()
  }

  #tableChanged(again?: boolean): void {
    const interfaces = [...this.#interfaces.values()]
    // The next owner is to announce what is lame.
    const own = [...this.#vips].filter(({ ip }) => !this.#lame.get(ip))
    this.#schedule.update(performance.now(), own, interfaces, again)
    const groups = solicitedNodeGroups(this.#vips, interfaces)
    const text = JSON.stringify(groups)
    if (text !== this.#sentGroups) this.#ports.send({ kind: 'groups', groups })
    this.#sentGroups = text
  }

  #answer(socket: PacketSocket): void {
    for (let i = 0; i < BATCH && !this.#stopped; i++) {
      const frame = socket.receive()
      if (!frame) return this.#emptied(socket)
      // For each frame: the process may have been stopped after the last one.
      if (!this.#sure || !this.#ports.lease.holds) {
        this.#counts.dropped('ownershipUnsure')
        continue
      }
      // It is judged by all that was said before it came, however late this thread is.
      if (this.#ports.lease.unheard()) this.#hear()
      const { ifindex, outgoing, otherHost } = frame
      const on = this.#interfaces.get(ifindex)
      if (!otherHost) this.#hearClaim(frame.bytes, { on, outgoing })
      const answer = otherHost
        ? ({ ok: false, reason: 'notForUs' } as const)
        : decide(frame.bytes, { on, outgoing }, this.#vips)
      if (!answer.ok) {
        this.#counts.dropped(answer.reason)
        continue
      }
      const { vip, frame: reply } = answer.value
      const since = this.#ownSince.get(vip.text)
      if (since !== undefined && (socket.stampMs() ?? Infinity) < since) {
        this.#counts.dropped('beforeTakeover')
        continue
      }
      this.#counts.received(vip)
      if (socket.send(ifindex, reply) === 0) this.#counts.responded(vip)
      else this.#counts.dropped('sendFailed')
    }
  }

  /** What comes next has come after all that was announced. */
  #emptied(socket: PacketSocket): void {
    for (const [text, since] of this.#ownSince) {
      const isIts = (socket === this.#arp) === !text.includes(':')
      if (since !== Infinity && isIts) this.#ownSince.delete(text)
    }
  }

  /** What was given is silent from here on: frames after this one came after it. */
  #hearClaim(bytes: Uint8Array, received: Received): void {
    if (this.#lame.size === 0) return
    const vip = claimedIn(bytes, received, this.#lame, (mac) => this.#isOwn(mac))
    if (!vip) return
    this.#claimed.add(vip.text)
    this.#lame.delete(vip)
    this.#vips.delete(vip)
    this.#ports.toGossip({ kind: 'claimed', ips: [vip.text] })
  }

  #isOwn(mac: Mac): boolean {
    return [...this.#interfaces.values()].some((on) => sameMac(on.mac, mac))
  }

  #announce(): void {
    const ips = new Set<string>()
    for (const announcement of this.#schedule.take(performance.now(), BATCH)) {
      const { vip, on, first } = announcement
      if (first) ips.add(vip.text)
      const socket = vip.ip.family === 4 ? this.#arp : this.#neighbor
      const frames = gratuitousFrames(announcement)
      // As late as can be: until the first is out, the old owner answers.
      if (this.#ownSince.get(vip.text) === Infinity) this.#ownSince.set(vip.text, Date.now())
      for (const frame of frames) {
        if (socket.send(on.index, frame) === 0) this.#counts.announced(vip)
        else this.#counts.dropped('sendFailed')
      }
    }
    if (ips.size > 0) this.#ports.toGossip({ kind: 'announced', ips: [...ips] })
  }
}
