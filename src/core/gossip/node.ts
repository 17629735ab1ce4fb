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
import { clampScore, pushPullMs } from './formulas.ts'
import { MARK } from './mark.ts'
import { Members, addressOf, isUsable } from './members.ts'
import type { Member, MemberState } from './members.ts'
import { Outbox } from './outbox.ts'
import { Prober } from './prober.ts'
import type { Profile } from './profiles.ts'
import { Suspicions } from './suspicions.ts'
import { Timers } from './timers.ts'
import { Waking } from './waking.ts'
import { Watch } from './watch.ts'

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
}

export class GossipNode {
  readonly members: Members
  readonly #options: NodeOptions
  readonly #timers = new Timers()
  readonly #waking = new Waking(this.#timers)
  readonly #suspicions: Suspicions
  readonly #outbox: Outbox
  readonly #prober: Prober
  readonly #watch: Watch | undefined
  #incarnation = 1
  /** How unwell this node thinks it is (Lifeguard): its probes are slower for it. */
  #score = 0
  #leaving = false

  constructor(options: NodeOptions, now: number) {
    const { name, profile, random } = options
    this.#options = options
    this.members = new Members(name)
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
        log: (event, fields) => this.#log('warn', event, fields),
      },
    )
    this.#watch = this.#startWatch()
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
    return this.#outbox.drain()
  }

  /** When `tick` is wanted next. */
  nextDeadline(): number | undefined {
    return this.#waking.next()
  }

  tick(now: number): void {
    this.#waking.run(now)
  }

  datagram(bytes: Uint8Array, from: Address, now: number): void {
    const { messages, drops } = decodePacket(bytes, this.#options.security)
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

  /** A connected socket was told that nobody listens at `from`. */
  refused(from: Address, now: number): void {
    this.#watch?.refused(from, now)
  }

  /** The kernel at `from` accepted or refused a connection. */
  knocked(from: Address, now: number): void {
    this.#watch?.knocked(from, now)
  }

  /** Exchanges states with a member to be; `done` tells whether it answered. */
  join(to: Address, done: (ok: boolean, now: number) => void): void {
    const { tcpTimeoutMs } = this.#options.profile
    this.#outbox.exchange(to, this.#localState(true), tcpTimeoutMs, (reply, now) => {
      const ok = reply?.kind === 'pushPull' && this.#merge(reply, now)
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
        if (this.#watch?.acked(message.seqNo, now)) return
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
        return // Nobody here has a use for them; passing them on is their sender's duty.
    }
  }

  #believeAlive(news: Alive, now: number, bootstrap = false): void {
    // Port 0 is what very old versions send: they listen where we do.
    const heard = news.port === 0 ? { ...news, port: this.#options.address.port } : news
    const verdict = this.members.alive(heard, now, this.#leaving, bootstrap)
    if (verdict.kind === 'refute') return this.#refute(verdict.incarnation, now)
    if (verdict.kind === 'conflict') {
      return this.#log('warn', 'gossip-name-conflict', { name: news.node })
    }
    if (verdict.kind !== 'alive') return
    this.#suspicions.cancel(news.node)
    this.#outbox.news(news.node, encodeMessage(heard))
    if (verdict.before === 'dead' || verdict.before === 'left') this.#prober.added(news.node)
    if (verdict.before === 'suspect') this.#watch?.refuted(news.node, now)
    if (verdict.before !== 'alive') this.#changed(now, news.node, verdict.before, 'alive')
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
    this.#suspicions.start(node, from, size, now, (at) => {
      this.#believeDead({ kind: 'dead', node, incarnation, from: self }, at)
    })
    this.#changed(now, node, 'alive', 'suspect', from)
  }

  #believeDead(news: Dead, now: number): void {
    const verdict = this.members.dead(news, now, this.#leaving)
    if (verdict.kind === 'refute') return this.#refute(verdict.incarnation, now)
    if (verdict.kind !== 'dead') return
    this.#suspicions.cancel(news.node)
    this.#outbox.news(news.node, encodeMessage(news))
    this.#changed(now, news.node, verdict.before, verdict.member.state, news.from)
  }

  /** Somebody says that we are not what we are: say it louder. */
  #refute(accused: number, now: number): void {
    this.#incarnation = Math.max(this.#incarnation, accused) + 1
    this.#rescore(1)
    const own = this.members.get(this.members.self)
    if (own) Object.assign(own, { incarnation: this.#incarnation, changedAt: now })
    this.#outbox.news(this.members.self, encodeMessage(this.#ownAlive()))
    this.#log('info', 'gossip-refuted', { incarnation: this.#incarnation })
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
      meta: this.#options.detection ? MARK : EMPTY,
      vsn,
    }
  }

  #startWatch(): Watch | undefined {
    const { name: self, detection, random } = this.#options
    if (!detection) return undefined
    return new Watch({ self, detection, random }, this.members, this.#timers, {
      ping: (to, ping) => this.#outbox.sendConnected(to, ping),
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
        this.#log('warn', 'gossip-detected', { member: node, cause, accusers })
        this.#believeDead(news, at)
        this.#tell([node, ...this.members.usable().map((member) => member.name)], news)
      },
      withheld: (reason, member) => this.#log('info', 'gossip-withheld', { reason, member }),
    })
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
    // A suspect goes on as it was: whoever watches whom depends on who can be used.
    if (!this.#leaving && isUsable(from) !== isUsable(to)) this.#watch?.update(now)
    this.#outbox.effect({ kind: 'members' })
    this.#log('info', 'member', { name, from, to, ...(by !== undefined && { by }) })
  }

  #log(level: 'debug' | 'info' | 'warn', event: string, fields: object): void {
    this.#outbox.effect({ kind: 'log', level, event, fields })
  }
}
