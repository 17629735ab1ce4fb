/**
 * The packet thread's loop: it waits in poll(2) for frames, changes of interfaces, messages and the
 * next gratuitous announcement, and for nothing else. What is on the wire is sent from here.
 */
import { PacketSocket } from '../adapters/af-packet.ts'
import { PollSet, SOCK_CLOEXEC, SOCK_NONBLOCK, eventfd, must, read } from '../adapters/libc.ts'
import { solicitedNodeGroups } from '../core/announce/groups.ts'
import type { Vip } from '../core/announce/vips.ts'
import { formatMac } from '../core/net/mac.ts'
import { Announcing } from './announcing.ts'
import { FrameJudge } from './frame-judge.ts'
import type { JudgePorts } from './frame-judge.ts'
import type {
  AnnounceOptions,
  FromPacket,
  MainToPacket,
  PacketToMain,
  ToPacket,
  ToSegment,
} from './messages.ts'
import { OwnInterfaces } from './own-interfaces.ts'
import { PacketCounts } from './packet-counts.ts'
import { PacketTable } from './packet-table.ts'
import { RivalWatch } from './rival-watch.ts'
import { Segment } from './segment.ts'

export interface PacketPorts {
  /** All messages that are there, oldest first. */
  receive(): (MainToPacket | ToPacket | ToSegment)[]
  send(message: PacketToMain): void
  toGossip(message: FromPacket): void
  /** While it holds, the gossip thread runs and vouches for the table. */
  readonly lease: JudgePorts['lease']
}

/** Frames in one go: then the loop looks for messages, even in a flood. */
const BATCH = 64
/** Between looks whether the lease holds again, where something is to be announced. */
const UNSURE_WAIT_MS = 5
/** A thread that is terminated ends no sooner than poll(2) does. */
const LONGEST_WAIT_MS = 500

export class PacketLoop {
  readonly #ports: PacketPorts
  readonly #wakeFd = must(eventfd(0, SOCK_NONBLOCK | SOCK_CLOEXEC), 'eventfd')
  readonly #arp = new PacketSocket('arpRequests')
  readonly #neighbor = new PacketSocket('solicitations')
  readonly #interfaces: OwnInterfaces
  readonly #counts = new PacketCounts()
  readonly #announcing: Announcing
  readonly #rivals: RivalWatch
  readonly #segment = new Segment({
    toGossip: (message) => this.#ports.toGossip(message),
    dropped: (reason) => this.#counts.dropped(reason),
    heard: (frame) => this.#judge.hearSender(frame),
    answered: (ip, mac) => this.#rivals.answered(performance.now(), ip, mac),
  })
  readonly #table = new PacketTable()
  readonly #judge: FrameJudge
  #sentNames: string | undefined
  #sentGroups = '[]'
  #stopped = false

  /** Opens the sockets. Throws where the kernel refuses one: CAP_NET_RAW is needed. */
  constructor(ports: PacketPorts, exclude: readonly RegExp[], options: AnnounceOptions) {
    this.#ports = ports
    this.#interfaces = new OwnInterfaces(exclude)
    this.#announcing = new Announcing(options, {
      send: (vip, on, frame) => this.#send(this.#socketOf(vip.ip.family), on.index, frame),
      begins: (vip) => this.#table.begins(vip, Date.now()),
      sent: (vip) => this.#counts.announced(vip),
    })
    this.#rivals = new RivalWatch(options.conflict, {
      ask: (ip, on, question) => this.#send(this.#socketOf(ip.family), on.index, question),
      tell: (news) => this.#ports.send({ kind: 'rivals', ...news }),
      conflicts: (rivals) => this.#ports.send({ kind: 'conflicts', rivals }),
      found: (kind) => this.#counts.rivalFound(kind),
      forgotten: () => this.#counts.dropped('rivalFlood'),
      announce: (ip) => this.#announcing.announce(ip),
      probe: (ip) => {
        const vip = this.#table.vips.named(ip)
        if (vip) this.#announcing.probe(vip)
      },
      changed: () => {
        for (const text of this.#rivals.yielded) this.#table.withdraw(text)
        this.#tableChanged()
      },
    })
    this.#judge = new FrameJudge(this.#table, this.#interfaces, {
      lease: ports.lease,
      hear: () => this.#hear(),
      hasten: (vip) => this.#announced(this.#announcing.hasten(performance.now(), vip)),
      seen: (vip, mac, on) => this.#rivals.seen(performance.now(), vip, mac, on),
      claimed: (vip) => {
        this.#table.claimed(vip)
        this.#ports.toGossip({ kind: 'claimed', ips: [vip.text] })
      },
      yielded: this.#rivals.yielded,
    })
  }

  /** Returns after 'stop'. */
  run(): void {
    this.#ports.send({ kind: 'ready', wakeFd: this.#wakeFd })
    this.#scan()
    const sockets = [this.#arp, this.#neighbor]
    const fds = [this.#wakeFd, this.#interfaces.fd, ...sockets.map(({ fd }) => fd)]
    const poll = new PollSet([...fds, ...this.#segment.fds])
    const wakes = new Uint8Array(8)
    while (!this.#stopped) {
      poll.wait(this.#timeoutMs())
      const sure = this.#ports.lease.holds
      // A lease that holds again is for a table that was sent before: it must be taken in first.
      if (poll.readable(0) || (sure && !this.#judge.sure)) {
        if (poll.readable(0)) read(this.#wakeFd, wakes)
        this.#hear()
      }
      this.#judge.sure = sure
      this.#answer()
      if (poll.readable(1) && this.#interfaces.update()) this.#scan()
      // Where something is due whatever poll(2) said: this thread may have been late since, and who answers to a
      // probe keeps an address from being announced.
      if (poll.readable(4) || poll.readable(5) || (sure && this.#isDue())) {
        this.#segment.hear(BATCH)
      }
      if (sure) this.#tell()
      for (let i = 2; i < 6; i++) if (poll.failed(i)) this.#settle()
    }
    for (const socket of [...sockets, this.#interfaces, this.#segment]) socket.close()
    // The eventfd stays: a late wake must not write to what reuses its number.
    this.#ports.send({ kind: 'stopped' })
  }

  #settle(): void {
    for (const socket of [this.#arp, this.#neighbor, this.#segment]) socket.settle()
  }

  #timeoutMs(): number {
    const now = performance.now()
    const least = this.#judge.sure ? 0 : UNSURE_WAIT_MS
    return Math.ceil(Math.max(least, Math.min(LONGEST_WAIT_MS, this.#dueAt(now) - now)))
  }

  #isDue(): boolean {
    const now = performance.now()
    return this.#dueAt(now) <= now
  }

  /** When something is to be said on the wire. */
  #dueAt(now: number): number {
    return Math.min(this.#announcing.deadline(now), this.#rivals.deadline)
  }

  #hear(): void {
    for (const message of this.#ports.receive()) this.#take(message)
  }

  #take(message: MainToPacket | ToPacket | ToSegment): void {
    switch (message.kind) {
      case 'announce':
        this.#table.take(message)
        this.#rivals.keep((text) => this.#table.vips.named(text) !== undefined)
        this.#counts.keep(this.#table.vips)
        this.#tableChanged(message.again)
        return
      case 'ask':
      case 'bound':
        return this.#segment.take(message, this.#interfaces.table)
      case 'exclude':
        this.#interfaces.exclude(message.patterns.map((pattern) => new RegExp(pattern)))
        return this.#scan()
      case 'count':
        for (const socket of [this.#arp, this.#neighbor]) {
          this.#counts.dropped('queueFull', socket.overrun())
        }
        this.#ports.send({
          kind: 'counters',
          counters: {
            ...this.#counts.snapshot(this.#rivals.standing),
            interfaces: this.#interfaces.announcing.map(({ name, mac }) => {
              return { name, mac: formatMac(mac) }
            }),
          },
        })
        return
      case 'speakers':
        return this.#rivals.setSpeakers(message.addresses)
      case 'stop':
        this.#table.clear()
        this.#tableChanged()
        this.#stopped = true
        return
    }
  }

  /** Looks anew at which interfaces qualify. */
  #scan(): void {
    const changed = this.#interfaces.scan()
    this.#segment.linksChanged(this.#interfaces.table)
    if (!changed) return
    const names = this.#interfaces.announcing.map(({ name }) => name)
    if (names.join() !== this.#sentNames) {
      this.#ports.send({ kind: 'interfaces', names })
      this.#ports.toGossip({ kind: 'interfaces', names })
    }
    this.#sentNames = names.join()
    this.#tableChanged()
  }

  #tableChanged(again = false): void {
    const interfaces = this.#interfaces.announcing
    const { vips, lame } = this.#table
    // The next owner is to announce what is lame.
    const own = [...vips].filter(({ ip, text }) => !lame.get(ip) && !this.#rivals.yielded.has(text))
    const probed = (vip: Vip) => this.#table.isFirst(vip)
    this.#announcing.update(performance.now(), own, interfaces, { again, probed })
    const groups = solicitedNodeGroups(vips, interfaces)
    const text = JSON.stringify(groups)
    if (text !== this.#sentGroups) this.#ports.send({ kind: 'groups', groups })
    this.#sentGroups = text
  }

  /** All that has come, but for what is left to the next turn in a flood. */
  #answer(): void {
    for (let left = BATCH; left > 0 && !this.#stopped; left--) {
      const arp = this.#answerNext(this.#arp)
      const neighbor = this.#answerNext(this.#neighbor)
      if (!arp && !neighbor) return
    }
  }

  /** Answers a frame, or counts why not; false: there is none. */
  #answerNext(socket: PacketSocket): boolean {
    const frame = socket.receive()
    if (!frame) {
      this.#table.emptied(socket === this.#arp ? 4 : 6)
      return false
    }
    const reason = this.#judge.consider(frame)
    const { vip, asked, reply } = this.#judge
    if (reason) this.#counts.dropped(reason)
    else if (vip) this.#counts.received(vip, asked, this.#send(socket, frame.ifindex, reply))
    return true
  }

  #tell(): void {
    const now = performance.now()
    // Rivals first: what turns out to be a stranger's may be due to be announced, where this thread is late.
    if (now >= this.#rivals.deadline) this.#rivals.run(now)
    this.#announced(this.#announcing.run(now))
  }

  /** False: there are none. */
  #announced(ips: readonly string[]): boolean {
    if (ips.length > 0) this.#ports.toGossip({ kind: 'announced', ips })
    return ips.length > 0
  }

  #socketOf(family: 4 | 6): PacketSocket {
    return family === 4 ? this.#arp : this.#neighbor
  }

  #send(socket: PacketSocket, ifindex: number, frame: Uint8Array): boolean {
    if (socket.send(ifindex, frame) === 0) return true
    this.#counts.dropped('sendFailed')
    return false
  }
}
