/**
 * One member of a cluster, as a state machine without I/O: datagrams, replies and the time come in,
 * effects come out of `drain`. The rules are memberlist's (hashicorp/memberlist state.go), so that
 * MetalLB's speakers take it for one of theirs.
 */
import type { Random } from '../random.ts'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import { encodeMessage } from '../wire/memberlist/messages.ts'
import type { Alive, Dead, Message, Suspect } from '../wire/memberlist/messages.ts'
import { decodePacket } from '../wire/memberlist/packet.ts'
import type { Security } from '../wire/memberlist/security.ts'
import { STATE } from '../wire/memberlist/stream.ts'
import type { PushNodeState, PushPull, StreamMessage } from '../wire/memberlist/stream.ts'
import { VSN, compatible } from '../wire/memberlist/version.ts'
import type { Detection } from './detection.ts'
import type { Address, Effect } from './effects.ts'
import type { Finding } from './findings.ts'
import { clampScore, pushPullMs } from './formulas.ts'
import { isMarked, isSettled, markOf } from './mark.ts'
import { Members, addressOf } from './members.ts'
import type { Member, MemberState } from './members.ts'
import { Outbox } from './outbox.ts'
import { Prober } from './prober.ts'
import type { Profile } from './profiles.ts'
import { Seeker } from './seek.ts'
import { Settling } from './settling.ts'
import { Suspicions } from './suspicions.ts'
import { Timers } from './timers.ts'
import { viewOf } from './view.ts'
import type { GossipView } from './view.ts'
import { Waking } from './waking.ts'
import { Watch, barePing } from './watch.ts'
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
  readonly #waking = new Waking(this.#timers)
  readonly #suspicions: Suspicions
  readonly #outbox: Outbox
  readonly #prober: Prober
  readonly #watch: Watch | undefined
  readonly #settling: Settling
  readonly #seeker: Seeker | undefined
  #incarnation = 1
  /** Of when it was settled last: a death told of an earlier one is history. */
  #settledAt = 0
  /** How unwell this node thinks it is (Lifeguard): its probes are slower for it. */
  #score = 0
  #leaving = false
  #cancelCutOff: (() => void) | undefined

  constructor(options: NodeOptions, now: number) {
    const { name, profile, random } = options
    this.#options = options
    this.members = new Members(name)
    this.witness = new Witness(profile)
    this.#suspicions = new Suspicions(profile, this.#timers, (suspect, at) => {
      const member = this.members.get(suspect)
      if (member) this.#prober.ask(member, at, (when) => this.#suspicions.answered(suspect, when))
    })
    this.#outbox = new Outbox(options, () => this.members.size)
    this.#prober = new Prober(
      { profile, random, self: name, address: options.address },
      this.members,
      this.#timers,
      {
        send: (to, message) => this.#outbox.sendWithNews(to, message),
        sendAccused: (member, ping) => this.#sendAccused(member, ping),
        exchange: (...request) => this.#outbox.exchange(...request),
        score: () => this.#score,
        healthier: (by) => this.#rescore(-by),
        sicker: (by) => this.#rescore(by),
        failed: (member, at) => this.#accuse(member, at),
        udpLost: (member, at) => this.#udpLost(member, at),
      },
    )
    this.#watch = this.#startWatch()
    this.#seeker = this.#startSeeker()
    const delayMs = options.detection ? (options.returnDelayMs ?? 0) : 0
    this.#settling = new Settling(delayMs, this.members, this.#timers, (at) => {
      this.#announce(at)
      this.#settledAt = this.#incarnation
    })
    this.#believeAlive(this.#ownAlive(), now, true)
    this.#every(
      profile.gossipIntervalMs,
      now,
      () => profile.gossipIntervalMs,
      (at) => this.#gossip(at),
    )
    const interval = () => pushPullMs(profile.pushPullIntervalMs, this.members.size)
    this.#every(interval(), now, interval, () => this.#pushPullWithSomeone())
    this.#prober.start(now)
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
    for (const reason of drops) this.#log('debug', 'gossip-packet-dropped', { reason })
    for (const message of messages) this.#receive(message, from, now)
  }

  /** A request of a TCP connection; undefined: close without a reply. */
  stream(request: StreamMessage, now: number): StreamMessage | undefined {
    if (request.kind === 'ping') {
      if (request.node !== '' && request.node !== this.members.self) return undefined
      return { kind: 'ackResp', seqNo: request.seqNo, payload: EMPTY }
    }
    if (request.kind !== 'pushPull') return undefined
    // As memberlist: the reply is what was known before; whether the merge is accepted comes after.
    const reply = this.#localState(request.join)
    this.#merge(request, now)
    return reply
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
    const [incarnation, score, findings] = [this.#incarnation, this.#score, this.findings(now)]
    const { members, witness } = this
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
    this.#cancelCutOff?.()
    this.#cancelCutOff = undefined
    const { detection } = this.#options
    if (up) this.#settling.plugged(now)
    else if (detection) {
      // From then on the others may have given it up.
      this.#cancelCutOff = this.#timers.set(now + detection.goneMs, (at) => {
        this.#settling.cutOff(at)
      })
    }
  }

  /** The first round of joins is over: whoever can be reached knows of this member. */
  arrived(now: number): void {
    this.#settling.arrived(now)
  }

  /** Only members at these addresses are sought when they are lost; others have gone for good. */
  seekOnly(isThere: (ip: Uint8Array) => boolean): void {
    this.#seeker?.only(isThere)
  }

  /** Bytes of our own to a member, alive or not. They may get lost. */
  sendUser(to: string, payload: Uint8Array): void {
    this.#tell([to], { kind: 'user', payload })
  }

  /** Exchanges states with a member to be; `done` tells whether it answered. */
  join(to: Address, done: (ok: boolean, now: number) => void): void {
    const { tcpTimeoutMs } = this.#options.profile
    this.#outbox.exchange(to, this.#localState(true), tcpTimeoutMs, (reply, now) => {
      const ok = reply?.kind === 'pushPull' && this.#merge(reply, now)
      this.witness.counters.joins[ok ? 'ok' : 'failed']++
      done(ok, now)
    })
  }

  /** Tells everybody that this node goes. Afterwards it only answers, until it is thrown away. */
  leave(now: number): void {
    if (this.#leaving) return
    this.#leaving = true
    this.#timers.clear()
    const { self } = this.members
    const news: Dead = { kind: 'dead', node: self, from: self, incarnation: this.#incarnation }
    const others = this.members.usable().filter(({ name }) => name !== self)
    this.#believeDead(news, now)
    for (const member of others) this.#outbox.sendTo(member, [encodeMessage(news)])
  }

  #receive(message: Message, from: Address, now: number): void {
    switch (message.kind) {
      case 'ping':
      case 'indirectPing':
        return this.#prober.receive(message, from, now)
      case 'ackResp':
        this.witness.findings.acked(from.ip)
        if (this.#watch?.acked(message.seqNo, now)) return
        if (this.#seeker?.acked(message.seqNo)) return
        return this.#prober.receive(message, from, now)
      case 'nackResp':
        return this.#prober.receive(message, from, now)
      case 'alive':
        return this.#believeAlive(message, now)
      case 'suspect':
        this.#believeSuspect(message, now)
        return this.#contradict(message, from)
      case 'dead':
        this.#believeDead(message, now)
        return this.#contradict(message, from)
      case 'user':
        return this.#outbox.effect({ kind: 'user', from, payload: message.payload })
    }
  }

  #believeAlive(news: Alive, now: number, bootstrap = false): void {
    // Port 0 is what very old versions send: they listen where we do.
    const heard = news.port === 0 ? { ...news, port: this.#options.address.port } : news
    const verdict = this.members.alive(heard, now, this.#leaving, bootstrap)
    if (verdict.kind === 'refute') return this.#refute(verdict.incarnation, now)
    if (verdict.kind === 'conflict') {
      this.witness.conflict(verdict.member, news.addr, this.members.size, now)
      return this.#log('warn', 'gossip-name-conflict', { name: news.node })
    }
    if (verdict.kind !== 'alive') return
    this.#suspicions.cancel(news.node)
    this.#outbox.news(news.node, encodeMessage(heard))
    const back = verdict.before === 'dead' || verdict.before === 'left'
    if (back) {
      delete verdict.member.lost
      this.#prober.added(news.node)
      this.#seeker?.found(news.node)
    }
    if (verdict.before === 'suspect') this.#watch?.refuted(news.node, now)
    if (verdict.before !== 'alive') this.#changed(now, news.node, verdict.before, 'alive')
    else if (verdict.updated) this.#outbox.effect({ kind: 'members' })
    if (back) this.#settling.came(now)
    else if (verdict.updated) this.#settling.updated(now)
  }

  /** `hearsay`: no accusation of anybody's own. We ask the suspect for it, but tell nobody. */
  #believeSuspect(news: Suspect, now: number, hearsay = false): void {
    const { node, incarnation, from } = news
    if (from !== this.members.self) this.#watch?.accused(node, from, now)
    const verdict = this.members.suspect(news, now)
    if (verdict.kind === 'refute') return this.#refute(verdict.incarnation, now)
    const confirmed = verdict.kind === 'confirm' && !hearsay && this.#suspicions.confirm(node, from)
    if (verdict.kind !== 'suspect' && !confirmed) return
    if (!hearsay) this.#outbox.news(node, encodeMessage(news))
    if (confirmed) return
    const { self, size } = this.members
    this.witness.counters.suspicions[from === self ? 'self' : 'other']++
    this.#suspicions.start(node, from, size, now, (at) => {
      this.#believeDead({ kind: 'dead', node, incarnation, from: self }, at)
    })
    this.#changed(now, node, 'alive', 'suspect', from)
  }

  /** `lost`: what we know of why. */
  #believeDead(news: Dead, now: number, lost = `${news.from} says so`): void {
    const verdict = this.members.dead(news, now, this.#leaving)
    if (verdict.kind === 'refute') {
      if (this.#isSettled(news.from)) this.#settling.unsettle(now)
      return this.#refute(verdict.incarnation, now)
    }
    if (news.node === this.members.self && verdict.kind === 'ignore') this.#missed(news, now)
    if (verdict.kind !== 'dead') return
    const { member, before } = verdict
    this.#suspicions.cancel(news.node)
    this.#outbox.news(news.node, encodeMessage(news))
    if (member.state === 'dead') {
      member.lost = lost
      this.#seeker?.lost(member, now)
    } else this.#seeker?.found(news.node)
    this.#changed(now, news.node, before, member.state, news.from)
    if (!this.#leaving) this.#settling.went(now)
  }

  /** We have refuted the suspicion before we heard of the death: it was believed all the same. */
  #missed({ from, incarnation }: Dead, now: number): void {
    if (!this.#settling.settled || incarnation < this.#settledAt || !this.#isSettled(from)) return
    this.#settling.unsettle(now)
    if (!this.#settling.settled) this.#announce(now)
  }

  /** A member of ours, alive to us, that has been so for a while: its word that we were lost counts. */
  #isSettled(name: string): boolean {
    const member = this.members.get(name)
    const usable = member?.state === 'alive' || member?.state === 'suspect'
    return member !== undefined && usable && isMarked(member.meta) && isSettled(member.meta)
  }

  /** Somebody says that we are not what we are: say it louder. */
  #refute(accused: number, now: number): void {
    this.#incarnation = Math.max(this.#incarnation, accused) + 1
    this.#rescore(1)
    this.witness.counters.contradictions.refuted++
    this.#log('info', 'gossip-refuted', { incarnation: this.#incarnation })
    this.#sayAlive(now)
  }

  /** What we say of ourselves has changed: to all members, at once. */
  #announce(now: number): void {
    this.#incarnation++
    this.#log('info', 'gossip-settled', { settled: this.#settling.settled })
    this.#sayAlive(now)
    this.#tell(
      this.members.usable().map(({ name }) => name),
      this.#ownAlive(),
    )
  }

  #sayAlive(now: number): void {
    if (!this.#leaving) this.#believeAlive(this.#ownAlive(), now, true)
  }

  /** Whoever accuses us, or passes that on, has not heard our refutation: once more, straight there. */
  #contradict({ node }: Suspect | Dead, from: Address): void {
    if (node !== this.members.self || this.#leaving) return
    this.#outbox.sendWithNews(from, this.#ownAlive())
  }

  #accuse(member: Member, now: number): void {
    const { name: node, incarnation } = member
    this.#believeSuspect({ kind: 'suspect', node, incarnation, from: this.members.self }, now)
  }

  #gossip(now: number): void {
    const { gossipNodes, gossipToTheDeadMs } = this.#options.profile
    const targets = this.members.choose(gossipNodes, this.#options.random, (member) => {
      if (member.name === this.members.self || member.state === 'left') return false
      return member.state !== 'dead' || now - member.changedAt <= gossipToTheDeadMs
    })
    for (const member of targets) {
      if (!this.#outbox.tell(member)) return
    }
  }

  #pushPullWithSomeone(): void {
    const [member] = this.members.choose(1, this.#options.random, (candidate) => {
      return candidate.state === 'alive' && candidate.name !== this.members.self
    })
    if (!member) return
    const { tcpTimeoutMs } = this.#options.profile
    this.#outbox.exchange(
      addressOf(member),
      this.#localState(false),
      tcpTimeoutMs,
      (reply, now) => {
        if (reply?.kind === 'pushPull') this.#merge(reply, now)
        else this.#log('debug', 'gossip-push-pull-failed', { member: member.name })
      },
    )
  }

  #localState(join: boolean): PushPull {
    const nodes = this.members
      .all()
      .map(({ name, addr, port, meta, vsn, incarnation, state }): PushNodeState => ({
        name,
        addr,
        port,
        meta,
        vsn,
        incarnation,
        state: STATE[state],
      }))
    return { kind: 'pushPull', join, nodes, userState: EMPTY }
  }

  /** False if versions do not fit: then nothing of it is believed. */
  #merge(remote: PushPull, now: number): boolean {
    if (!compatible([...remote.nodes, ...this.#localState(false).nodes])) {
      this.#log('warn', 'gossip-versions-incompatible', { nodes: remote.nodes.length })
      return false
    }
    if (this.#isMissed(remote.nodes)) this.#settling.unsettle(now)
    for (const { name: node, state, incarnation, ...rest } of remote.nodes) {
      if (state === STATE.alive)
        this.#believeAlive({ kind: 'alive', node, incarnation, ...rest }, now)
      else if (state === STATE.left) {
        this.#believeDead({ kind: 'dead', node, from: node, incarnation }, now)
      } else {
        // A death is only ever gossiped: told this way it is a suspicion, which can be refuted.
        const from = this.members.self
        this.#believeSuspect({ kind: 'suspect', node, from, incarnation }, now, true)
      }
    }
    return true
  }

  /** Who sends this holds us for gone, and is settled. Members of ours list themselves first. */
  #isMissed(nodes: readonly PushNodeState[]): boolean {
    const own = nodes.find(({ name }) => name === this.members.self)
    if (own?.state !== STATE.dead && own?.state !== STATE.left) return false
    const [sender] = nodes
    return sender !== undefined && isMarked(sender.meta) && isSettled(sender.meta)
  }

  /** The accusation travels with the ping, so that the accused can refute at once. */
  #sendAccused(member: Member, ping: Message): void {
    const { name: node, incarnation } = member
    const suspect: Suspect = { kind: 'suspect', node, incarnation, from: this.members.self }
    this.#outbox.sendTo(member, [encodeMessage(ping), encodeMessage(suspect)])
  }

  #ownAlive(): Alive {
    const { name: node, address, vsn = VSN } = this.#options
    const { ip: addr, port } = address
    return {
      kind: 'alive',
      node,
      addr,
      port,
      incarnation: this.#incarnation,
      meta: this.#options.detection ? markOf(this.#settling.settled) : EMPTY,
      vsn,
    }
  }

  #startWatch(): Watch | undefined {
    const { name: self, detection, random } = this.#options
    if (!detection) return undefined
    const { udpBufferSize: paddedBytes } = this.#options.profile
    return new Watch({ self, detection, random, paddedBytes }, this.members, this.#timers, {
      ping: (to, ping) => this.#outbox.sendConnected(to, ping),
      pingPadded: (to, ping) => this.#outbox.sendPadded(to, ping),
      knock: (to) => this.#outbox.effect({ kind: 'knock', to }),
      accuse: (member, watchers, at) => {
        this.#accuse(member, at)
        this.#tell([member.name, ...watchers], {
          kind: 'suspect',
          node: member.name,
          incarnation: member.incarnation,
          from: self,
        })
      },
      dead: ({ name: node, incarnation }, cause, accusers, at) => {
        const news: Dead = { kind: 'dead', node, incarnation, from: self }
        this.witness.counters.detections[cause]++
        this.#log('warn', 'gossip-detected', { member: node, cause, accusers })
        this.#believeDead(news, at, cause)
        this.#tell([node, ...this.members.usable().map((member) => member.name)], news)
      },
      withheld: (reason, member) => {
        this.witness.counters.withheld[reason]++
        this.#log('info', 'gossip-withheld', { reason, member })
      },
    })
  }

  #startSeeker(): Seeker | undefined {
    const { detection, random } = this.#options
    if (!detection) return undefined
    return new Seeker(this.members, random, this.#timers, {
      ping: (to, seqNo) => this.#outbox.sendConnected(to, barePing('', seqNo)),
      meet: (to, over) => this.join(to, over),
    })
  }

  #udpLost(member: Member, now: number): void {
    const check = 'UDP port 7946 between the nodes'
    this.#log('warn', 'gossip-udp-lost-tcp-works', { member: member.name, check })
    this.witness.udpLost(member, this.members.size, now)
  }

  /** Straight to these, not by way of gossip. */
  #tell(names: Iterable<string>, news: Message): void {
    const bytes = encodeMessage(news)
    for (const name of names) {
      const member = this.members.get(name)
      if (member && name !== this.members.self) this.#outbox.sendTo(member, [bytes])
    }
  }

  #rescore(by: number): void {
    this.#score = clampScore(this.#score + by, this.#options.profile.awarenessMaxMultiplier)
  }

  /** Again and again; the first time at a moment by chance, so that nodes do not march in step. */
  #every(first: number, now: number, interval: () => number, work: (now: number) => void): void {
    const again = (at: number) => {
      work(at)
      this.#timers.set(at + interval(), again)
    }
    this.#timers.set(now + first * this.#options.random(), again)
  }

  #changed(now: number, name: string, from: MemberState, to: MemberState, by?: string): void {
    if (name !== this.members.self) this.witness.changed(from, to)
    if (!this.#leaving) this.#watch?.update(now)
    this.#outbox.effect({ kind: 'members' })
    this.#log('info', 'member', { name, from, to, ...(by !== undefined && { by }) })
  }

  #log(level: 'debug' | 'info' | 'warn', event: string, fields: object): void {
    this.#outbox.effect({ kind: 'log', level, event, fields })
  }
}
