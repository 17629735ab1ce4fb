/**
 * Asks one member after another whether it lives, by itself and by way of others; answers when asked;
 * asks on behalf of others (hashicorp/memberlist state.go probeNode, net.go handleIndirectPing).
 */
import type { Random } from '../random.ts'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import type { Ack, IndirectPing, Message, Nack, Ping } from '../wire/memberlist/messages.ts'
import type { StreamMessage } from '../wire/memberlist/stream.ts'
import { SINCE, supports } from '../wire/memberlist/version.ts'
import type { Address } from './effects.ts'
import { addressOf } from './members.ts'
import type { Member, Members } from './members.ts'
import { QUARTER } from './pings.ts'
import type { Profile } from './profiles.ts'
import type { Timers } from './timers.ts'

export interface ProberOptions {
  readonly self: string
  readonly address: Address
  readonly profile: Profile
  readonly random: Random
}

/** What a prober needs done. */
export interface ProberActions {
  send(to: Address, message: Message): void
  /** To a suspect: the accusation goes with the ping, so that it can refute at once. */
  sendAccused(member: Member, ping: Message): void
  exchange(
    to: Address,
    request: StreamMessage,
    timeoutMs: number,
    done: (reply: StreamMessage | undefined, now: number) => void,
  ): void
  score(): number
  healthier(by: number): void
  sicker(by: number): void
  failed(member: Member, now: number): void
  /** It answers by TCP, but not by UDP. */
  udpLost(member: Member, now: number): void
}

/** A relay tells at this share of the time-out that it heard nothing: after it would be too late. */
const NACK_SHARE = 0.8

/** Relayed at once, and own probes: memberlist's members ask for a handful. */
const MOST_WAITING = 1024

/** What is above is of pings.ts. */
const HIGHEST_SEQ_NO = QUARTER - 1

interface Waiting {
  ack(now: number): void
  nack(): void
}

export class Prober {
  readonly #options: ProberOptions
  readonly #members: Members
  readonly #timers: Timers
  readonly #actions: ProberActions
  /** What waits for an answer, by sequence number. */
  readonly #waiting = new Map<number, Waiting>()
  #order: string[] = []
  #seqNo = 0

  constructor(options: ProberOptions, members: Members, timers: Timers, actions: ProberActions) {
    this.#options = options
    this.#members = members
    this.#timers = timers
    this.#actions = actions
  }

  /** Answers waited for, and members whose turn is to come. */
  get load(): number {
    return this.#waiting.size + this.#order.length
  }

  start(now: number): void {
    const { profile, random } = this.#options
    this.#timers.set(now + profile.probeIntervalMs * random(), (at) => this.#round(at))
  }

  /** A newcomer's turn comes by chance, not last. */
  added(name: string): void {
    // One that comes and goes has its turn once.
    if (this.#order.includes(name)) return
    const at = Math.floor(this.#options.random() * (this.#order.length + 1))
    this.#order.splice(at, 0, name)
  }

  receive(message: Ping | IndirectPing | Ack | Nack, from: Address, now: number): void {
    switch (message.kind) {
      case 'ping':
        if (message.node !== '' && message.node !== this.#options.self) return
        return this.#actions.send(sourceOf(message, from), {
          kind: 'ackResp',
          seqNo: message.seqNo,
          payload: EMPTY,
        })
      case 'indirectPing':
        return this.#relay(message, from, now)
      case 'ackResp':
        return this.#waiting.get(message.seqNo)?.ack(now)
      case 'nackResp':
        return this.#waiting.get(message.seqNo)?.nack()
    }
  }

  /** One ping beside the rounds, with the accusation; unanswered, another is asked for its word. */
  ask(member: Member, now: number, answered: (now: number) => void): void {
    const { probeIntervalMs, probeTimeoutMs } = this.#options.profile
    const seqNo = this.#nextSeqNo()
    // All suspect it: one relay each, another every time, is enough of a load.
    const cancelRelay = this.#timers.set(now + probeTimeoutMs, () =>
      this.#askOthers(member, seqNo, 1),
    )
    const cancel = this.#timers.set(now + probeTimeoutMs + probeIntervalMs, () => {
      this.#waiting.delete(seqNo)
    })
    this.#waiting.set(seqNo, {
      ack: (at) => {
        this.#waiting.delete(seqNo)
        cancelRelay()
        cancel()
        answered(at)
      },
      nack: () => undefined,
    })
    this.#actions.sendAccused(member, this.#ping(member.name, seqNo))
  }

  /** One probe, and the next when it is over, but not before the interval is. */
  #round(now: number): void {
    const { probeIntervalMs } = this.#options.profile
    const member = this.#next(now)
    if (!member) {
      this.#timers.set(now + probeIntervalMs, (at) => this.#round(at))
      return
    }
    this.#probe(member, now, (at) => {
      this.#timers.set(Math.max(at, now + probeIntervalMs), (later) => this.#round(later))
    })
  }

  /** The next of a shuffled list of all; when it is through, the long dead are forgotten. */
  #next(now: number): Member | undefined {
    for (let wrapped = 0; wrapped < 2;) {
      const name = this.#order.pop()
      if (name === undefined) {
        wrapped++
        this.#members.reap(now, this.#options.profile.gossipToTheDeadMs)
        const count = this.#members.size
        this.#order = this.#members
          .choose(count, this.#options.random, () => true)
          .map((m) => m.name)
        continue
      }
      const member = this.#members.get(name)
      const usable = member?.state === 'alive' || member?.state === 'suspect'
      if (member && usable && name !== this.#options.self) return member
    }
    return undefined
  }

  #probe(member: Member, startedAt: number, over: (now: number) => void): void {
    const { probeIntervalMs, probeTimeoutMs, disableTcpPings } = this.#options.profile
    const seqNo = this.#nextSeqNo()
    const deadline = startedAt + probeIntervalMs * (this.#actions.score() + 1)
    let nacks = 0
    let nackable = 0
    let reachedByTcp = false
    const end = (now: number) => {
      this.#waiting.delete(seqNo)
      cancelIndirect()
      cancelDeadline()
      over(now)
    }
    this.#waiting.set(seqNo, {
      ack: (now) => {
        this.#actions.healthier(1)
        end(now)
      },
      nack: () => nacks++,
    })
    const cancelIndirect = this.#timers.set(startedAt + probeTimeoutMs, (now) => {
      nackable = this.#askOthers(member, seqNo, this.#options.profile.indirectChecks)
      if (disableTcpPings || !supports(member.vsn, SINCE.tcpPing)) return
      const ping: Ping = this.#ping(member.name, seqNo)
      this.#actions.exchange(addressOf(member), ping, deadline - now, (reply) => {
        reachedByTcp = reply?.kind === 'ackResp' && reply.seqNo === seqNo
      })
    })
    const cancelDeadline = this.#timers.set(deadline, (now) => {
      if (reachedByTcp) this.#actions.udpLost(member, now)
      else {
        this.#actions.sicker(nackable > 0 ? Math.max(0, nackable - nacks) : 1)
        this.#actions.failed(member, now)
      }
      end(now)
    })
    const ping = this.#ping(member.name, seqNo)
    if (member.state === 'suspect') this.#actions.sendAccused(member, ping)
    else this.#actions.send(addressOf(member), ping)
  }

  /** Asks by way of `count` others. Returns how many of them will say so if they hear nothing. */
  #askOthers(member: Member, seqNo: number, count: number): number {
    const relays = this.#members.choose(count, this.#options.random, (candidate) => {
      const other = candidate.name !== this.#options.self && candidate.name !== member.name
      return other && candidate.state === 'alive'
    })
    for (const relay of relays) {
      this.#actions.send(addressOf(relay), {
        ...this.#ping(member.name, seqNo),
        kind: 'indirectPing',
        target: member.addr,
        port: member.port,
        nack: supports(relay.vsn, SINCE.nack),
      })
    }
    return relays.filter((relay) => supports(relay.vsn, SINCE.nack)).length
  }

  #relay(request: IndirectPing, from: Address, now: number): void {
    const { probeTimeoutMs } = this.#options.profile
    if (this.#waiting.size >= MOST_WAITING) return
    const back = sourceOf(request, from)
    const seqNo = this.#nextSeqNo()
    const port = request.port === 0 ? this.#options.address.port : request.port
    const cancelNack = this.#timers.set(now + probeTimeoutMs * NACK_SHARE, () => {
      if (request.nack) this.#actions.send(back, { kind: 'nackResp', seqNo: request.seqNo })
    })
    const cancelWaiting = this.#timers.set(now + probeTimeoutMs, () => this.#waiting.delete(seqNo))
    this.#waiting.set(seqNo, {
      ack: () => {
        this.#waiting.delete(seqNo)
        cancelNack()
        cancelWaiting()
        this.#actions.send(back, { kind: 'ackResp', seqNo: request.seqNo, payload: EMPTY })
      },
      nack: () => undefined,
    })
    this.#actions.send({ ip: request.target, port }, this.#ping(request.node, seqNo))
  }

  #ping(node: string, seqNo: number): Ping {
    const { self, address } = this.#options
    return {
      kind: 'ping',
      node,
      seqNo,
      sourceAddr: address.ip,
      sourceNode: self,
      sourcePort: address.port,
    }
  }

  #nextSeqNo(): number {
    this.#seqNo = this.#seqNo >= HIGHEST_SEQ_NO ? 1 : this.#seqNo + 1
    return this.#seqNo
  }
}

/** Where the answer goes: to where the asker says it listens, else where the datagram came from. */
function sourceOf(message: Ping | IndirectPing, from: Address): Address {
  const { sourceAddr, sourcePort } = message
  return sourceAddr && sourceAddr.length > 0 && sourcePort
    ? { ip: sourceAddr, port: sourcePort }
    : from
}
