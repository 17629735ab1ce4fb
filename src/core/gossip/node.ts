/**
 * One member of a cluster, as a state machine without I/O: datagrams, replies and the time come in,
 * effects come out of `drain`. The rules are memberlist's (hashicorp/memberlist state.go), so that
 * MetalLB's speakers take it for one of theirs. Here its parts are put together, and what comes in is
 * handed to them; what news leads to is in beliefs.ts.
 */
import type { Uplinks } from '../announce/uplinks.ts'
import type { Random } from '../random.ts'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import { encodeMessage } from '../wire/memberlist/messages.ts'
import type { Dead, Message } from '../wire/memberlist/messages.ts'
import { decodePacket } from '../wire/memberlist/packet.ts'
import type { Security } from '../wire/memberlist/security.ts'
import type { StreamMessage } from '../wire/memberlist/stream.ts'
import { Awareness } from './awareness.ts'
import { Beliefs } from './beliefs.ts'
import type { Detection } from './detection.ts'
import type { Address, Effect } from './effects.ts'
import { Exchange } from './exchange.ts'
import type { Finding } from './findings.ts'
import { pushPullMs } from './formulas.ts'
import { Members } from './members.ts'
import type { Member } from './members.ts'
import { Outbox } from './outbox.ts'
import { barePing } from './pings.ts'
import { Prober } from './prober.ts'
import type { Profile } from './profiles.ts'
import { Seeker } from './seek.ts'
import { Timers } from './timers.ts'
import { viewOf } from './view.ts'
import type { GossipView } from './view.ts'
import { Waking } from './waking.ts'
import { Watch } from './watch.ts'
import { Witness } from './witness.ts'

export interface NodeOptions {
  readonly name: string
  /** Where others reach it: 4 bytes for IPv4. */
  readonly address: Address
  readonly profile: Profile
  readonly security: Security
  readonly random: Random
  /** Versions it speaks; absent: those of a bare memberlist, such as MetalLB's. */
  readonly vsn?: Uint8Array
  /** The fast detector; absent: plain memberlist. */
  readonly detection?: Detection
  /** How long one that is new, or was given up, waits to be settled (settling.ts). Default: not at all. */
  readonly returnDelayMs?: number
}

export class GossipNode {
  readonly members: Members
  readonly witness: Witness
  readonly #options: NodeOptions
  readonly #timers = new Timers()
  readonly #waking = new Waking(this.#timers, (ms, now) => this.#beliefs.settling.slept(ms, now))
  readonly #awareness: Awareness
  readonly #outbox: Outbox
  readonly #prober: Prober
  readonly #watch: Watch | undefined
  readonly #seeker: Seeker | undefined
  readonly #beliefs: Beliefs
  readonly #exchange: Exchange

  constructor(options: NodeOptions, now: number) {
    const { name, profile, random } = options
    this.#options = options
    this.members = new Members(name, profile.deadNodeReclaimMs)
    this.witness = new Witness(profile)
    this.#awareness = new Awareness(profile.awarenessMaxMultiplier)
    this.#outbox = new Outbox(options, this.members)
    this.#prober = this.#newProber()
    const { detection } = options
    this.#watch = detection && this.#newWatch(detection)
    this.#seeker = detection && this.#newSeeker()
    const common = { members: this.members, witness: this.witness, outbox: this.#outbox }
    this.#beliefs = new Beliefs(options, {
      ...common,
      timers: this.#timers,
      awareness: this.#awareness,
      prober: this.#prober,
      watch: this.#watch,
      seeker: this.#seeker,
    })
    this.#exchange = new Exchange(
      { random, timeoutMs: profile.tcpTimeoutMs },
      { ...common, beliefs: this.#beliefs },
    )
    this.#beliefs.sayAlive(now)
    const { gossipIntervalMs, pushPullIntervalMs } = profile
    this.#every(
      () => gossipIntervalMs,
      now,
      (at) => this.#gossip(at),
    )
    this.#every(
      () => pushPullMs(pushPullIntervalMs, this.members.size),
      now,
      (at) => this.#exchange.withSomeone(at),
    )
    this.#prober.start(now)
  }

  /** How much it keeps: each count is bounded, whatever comes in (docs/wire-limits.md). */
  get load(): Readonly<Record<'members' | 'timers' | 'news' | 'exchanges' | 'probes', number>> {
    return {
      members: this.members.size,
      timers: this.#timers.size,
      ...this.#outbox.load,
      probes: this.#prober.load,
    }
  }

  /** Effects since the last call, in order. */
  drain(): Effect[] {
    const effects = this.#outbox.drain()
    this.witness.sent(effects)
    return effects
  }

  /** When `tick` is wanted next. */
  nextDeadline(): number | undefined {
    return this.#waking.next()
  }

  tick(now: number): void {
    this.#waking.run(now)
  }

  datagram(bytes: Uint8Array, from: Address, now: number): void {
    const unpacked = decodePacket(bytes, this.#options.security)
    const { messages, drops } = unpacked
    this.witness.datagram(bytes, unpacked, from, now)
    for (const reason of drops) this.#outbox.log('debug', 'gossip-packet-dropped', { reason })
    for (const message of messages) this.#receive(message, from, now)
  }

  /** A request of a TCP connection; undefined: close without a reply. */
  stream(request: StreamMessage, now: number): StreamMessage | undefined {
    if (request.kind === 'ping') {
      if (request.node !== '' && request.node !== this.members.self) return undefined
      return { kind: 'ackResp', seqNo: request.seqNo, payload: EMPTY }
    }
    if (request.kind !== 'pushPull') return undefined
    return this.#exchange.answer(request, now)
  }

  /** `reply` undefined: there was none in time. */
  exchangeDone(id: number, reply: StreamMessage | undefined, now: number): void {
    this.#outbox.exchangeDone(id, reply, now)
  }

  /** The kernel refused to send a datagram there, for its size. */
  tooLarge(to: Address): void {
    this.#watch?.tooLarge(to)
  }

  /** What this member sees that is wrong with the network or with its configuration. */
  findings(now: number): Finding[] {
    return [...this.witness.findings.list(now), ...(this.#watch?.findings() ?? [])]
  }

  /** What this member knows, for people. */
  view(now: number): GossipView {
    const { incarnation } = this.#beliefs
    const { score } = this.#awareness
    const { members, witness } = this
    const findings = this.findings(now)
    return viewOf({ members, witness, incarnation, score, findings, watch: this.#watch }, now)
  }

  /** A connected socket was told that nobody listens at `from`. */
  refused(from: Address, now: number): void {
    this.#watch?.refused(from, now)
  }

  /** The kernel at `from` accepted or refused a connection, or answered ARP or neighbour discovery. */
  knocked({ ip }: Pick<Address, 'ip'>, now: number): void {
    this.#watch?.knocked(ip, now)
  }

  /** The cable by which this node hears the others was pulled, or is in again. */
  carrier(up: boolean, now: number): void {
    this.#watch?.carrier(up, now)
    this.#beliefs.settling.carrier(up, now)
  }

  /** On these interfaces this node cannot announce: others are to know. */
  uplinks(uplinks: Uplinks, now: number): void {
    this.#beliefs.tellUplinks(uplinks, now)
  }

  /** The first round of joins is over: whoever can be reached knows of this member. */
  arrived(now: number): void {
    this.#beliefs.settling.arrived(now)
  }

  /** Only members at these addresses are sought when they are lost; others have gone for good. */
  seekOnly(isThere: (ip: Uint8Array) => boolean): void {
    this.#seeker?.only(isThere)
  }

  /** Bytes of our own to a member, alive or not. They may get lost. */
  sendUser(to: string, payload: Uint8Array): void {
    this.#outbox.sendEach([to], { kind: 'user', payload })
  }

  /** Exchanges states with a member to be; `done` tells whether it answered. */
  join(to: Address, now: number, done: (ok: boolean, now: number) => void): void {
    this.#exchange.join(to, now, done)
  }

  /** Tells everybody that this node goes. Afterwards it only answers, until it is thrown away. */
  leave(now: number): void {
    this.#beliefs.leave(now)
  }

  #receive(message: Message, from: Address, now: number): void {
    switch (message.kind) {
      case 'ping':
      case 'indirectPing':
        return this.#prober.receive(message, from, now)
      case 'ackResp':
        this.witness.findings.acked(from.ip)
        if (this.#watch?.acked(message.seqNo, now)) return
        if (this.#seeker?.acked(message.seqNo, now)) return
        return this.#prober.receive(message, from, now)
      case 'nackResp':
        return this.#prober.receive(message, from, now)
      case 'alive':
        return this.#beliefs.alive(message, now)
      case 'suspect':
        this.#beliefs.suspect(message, now)
        return this.#beliefs.contradict(message, from)
      case 'dead':
        this.#beliefs.dead(message, now)
        return this.#beliefs.contradict(message, from)
      case 'user':
        return this.#outbox.effect({ kind: 'user', from, payload: message.payload })
    }
  }

  #gossip(now: number): void {
    // Mostly there is nothing to tell: then nobody need be chosen from all members.
    if (this.#outbox.load.news === 0) return
    const { gossipNodes, gossipToTheDeadMs } = this.#options.profile
    const targets = this.members.choose(gossipNodes, this.#options.random, (member) => {
      if (member.name === this.members.self || member.state === 'left') return false
      return member.state !== 'dead' || now - member.changedAt <= gossipToTheDeadMs
    })
    for (const member of targets) {
      if (!this.#outbox.tell(member)) return
    }
  }

  /** Again and again, or never where the interval is 0; the first time at a moment by chance, so that
   * nodes do not march in step. */
  #every(intervalMs: () => number, now: number, work: (now: number) => void): void {
    if (intervalMs() === 0) return
    const again = (at: number) => {
      work(at)
      this.#timers.set(at + intervalMs(), again)
    }
    this.#timers.set(now + intervalMs() * this.#options.random(), again)
  }

  #newProber(): Prober {
    const { name: self, address, profile, random } = this.#options
    const options = { profile, random, self, address }
    return new Prober(options, this.members, this.#timers, {
      send: (to, message) => this.#outbox.sendWithNews(to, message),
      sendAccused: (member, ping) => {
        const accusation = this.#beliefs.accusation(member)
        this.#outbox.sendTo(member, [encodeMessage(ping), encodeMessage(accusation)])
      },
      exchange: (...request) => this.#outbox.exchange(...request),
      score: () => this.#awareness.score,
      healthier: (by) => this.#awareness.healthier(by),
      sicker: (by) => this.#awareness.sicker(by),
      failed: (member, at) => this.#beliefs.accuse(member, at),
      udpLost: (member, at) => this.#udpLost(member, at),
    })
  }

  #newWatch(detection: Detection): Watch {
    const { name: self, random, profile } = this.#options
    const options = { self, detection, random, paddedBytes: profile.udpBufferSize }
    return new Watch(options, this.members, this.#timers, {
      ping: (to, ping) => this.#outbox.sendConnected(to, ping),
      pingPadded: (to, ping) => this.#outbox.sendPadded(to, ping),
      knock: (to) => this.#outbox.effect({ kind: 'knock', to }),
      accuse: (member, watchers, at) => {
        this.#beliefs.accuse(member, at)
        this.#outbox.sendEach([member.name, ...watchers], this.#beliefs.accusation(member))
      },
      dead: ({ name: node, incarnation }, cause, accusers, at) => {
        const news: Dead = { kind: 'dead', node, incarnation, from: self }
        this.witness.counters.detections[cause]++
        this.#outbox.log('warn', 'gossip-detected', { member: node, cause, accusers })
        this.#beliefs.dead(news, at, cause)
        this.#outbox.sendEach([node, ...this.members.usable().map(({ name }) => name)], news)
      },
      withheld: (reason, member) => {
        this.witness.counters.withheld[reason]++
        this.#outbox.log('info', 'gossip-withheld', { reason, member })
      },
    })
  }

  #newSeeker(): Seeker {
    return new Seeker(this.members, this.#options.random, this.#timers, {
      ping: (to, seqNo) => this.#outbox.sendConnected(to, barePing('', seqNo)),
      meet: (to, now, over) => this.join(to, now, over),
    })
  }

  #udpLost(member: Member, now: number): void {
    const check = 'UDP port 7946 between the nodes'
    this.#outbox.log('warn', 'gossip-udp-lost-tcp-works', { member: member.name, check })
    this.witness.udpLost(member, this.members.size, now)
  }
}
