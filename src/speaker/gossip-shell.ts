/** A GossipNode on real sockets and real time: performs its effects, wakes it at its deadlines. */
import { addressFrom } from '../adapters/address.ts'
import { openStreams } from '../adapters/tcp.ts'
import { openDatagrams } from '../adapters/udp.ts'
import type { Uplinks } from '../core/announce/uplinks.ts'
import type { Detection } from '../core/gossip/detection.ts'
import type { Address, Effect } from '../core/gossip/effects.ts'
import type { Finding } from '../core/gossip/findings.ts'
import { GossipNode } from '../core/gossip/node.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import type { GossipView } from '../core/gossip/view.ts'
import type { Security } from '../core/wire/memberlist/security.ts'
import { StreamReader, encodeStream } from '../core/wire/memberlist/stream.ts'
import type { StreamDrop, StreamMessage } from '../core/wire/memberlist/stream.ts'
import type { Clock } from '../ports/clock.ts'
import type { Datagrams, Streams } from '../ports/gossip-sockets.ts'
import type { Log } from '../ports/log.ts'

/** The kernel sends a lost SYN again after a second: later knocks have long replaced this one. */
const KNOCK_MS = 900

export interface GossipShellOptions {
  readonly name: string
  /** Listened on and told to others. */
  readonly bindAddress: string
  readonly bindPort: number
  readonly profile: Profile
  readonly security: Security
  readonly vsn?: Uint8Array
  /** The fast detector; absent: plain memberlist. */
  readonly detection?: Detection
  readonly returnDelayMs?: number
  /** Asks a member's kernel by ARP or neighbour discovery too: tell answers by `answered`. */
  readonly ask?: (ip: Uint8Array) => void
}

/** What a shell tells of. */
export interface GossipEvents {
  /** Somebody came or went, or says something else of itself. */
  changed(): void
  /** A member sent bytes of our own. */
  user?(payload: Uint8Array, from: Address): void
}

export class GossipShell {
  readonly node: GossipNode
  readonly address: Address
  readonly #clock: Clock
  readonly #log: Log
  readonly #security: Security
  readonly #events: GossipEvents
  readonly #ask: ((ip: Uint8Array) => void) | undefined
  #datagrams: Datagrams | undefined
  #streams: Streams | undefined
  #timer: { cancel(): void } | undefined
  #closed = false

  private constructor(
    options: GossipShellOptions,
    clock: Clock,
    log: Log,
    random: () => number,
    events: GossipEvents,
  ) {
    const { bindAddress, bindPort, security, ask } = options
    const address = addressFrom(bindAddress, bindPort)
    if (!address) throw new Error(`gossip: expected an IP address to bind, got "${bindAddress}"`)
    this.address = address
    this.#ask = ask
    this.#clock = clock
    this.#log = log
    this.#security = security
    this.#events = events
    this.node = new GossipNode({ ...options, address, random }, clock.now())
  }

  /** Resolves when both sockets are open. */
  static async open(
    options: GossipShellOptions,
    clock: Clock,
    log: Log,
    random: () => number,
    events: GossipEvents,
  ): Promise<GossipShell> {
    const shell = new GossipShell(options, clock, log, random, events)
    const { bindAddress, bindPort, profile, security } = options
    shell.#streams = await openStreams(
      bindAddress,
      bindPort,
      profile.tcpTimeoutMs,
      (from) => {
        const reader = new StreamReader('dialer', security)
        return (received) => shell.#serve(reader, received, from)
      },
      (reason) => shell.node.witness.connection(reason),
    )
    shell.#datagrams = await openDatagrams(
      bindAddress,
      bindPort,
      log,
      (bytes, from) => shell.#run((node, now) => node.datagram(bytes, from, now)),
      (from) => shell.#run((node, now) => node.refused(from, now)),
      (to) => shell.#run((node) => node.tooLarge(to)),
    )
    shell.#run(() => undefined)
    return shell
  }

  /** Exchanges states with the speaker at an address; true if it answered and fits. */
  join(host: string, port: number): Promise<boolean> {
    const to = addressFrom(host, port)
    if (!to) return Promise.resolve(false)
    return new Promise((resolve) => this.#run((node, now) => node.join(to, now, resolve)))
  }

  /** Tells all members that this one goes. */
  leave(): void {
    this.#run((node, now) => node.leave(now))
  }

  /** The first round of joins is over. */
  arrived(): void {
    this.#run((node, now) => node.arrived(now))
  }

  /** Bytes of our own to a member. */
  sendUser(to: string, payload: Uint8Array): void {
    this.#run((node) => node.sendUser(to, payload))
  }

  /** See GossipNode. */
  seekOnly(isThere: (ip: Uint8Array) => boolean): void {
    this.#run((node) => node.seekOnly(isThere))
  }

  /** The kernel at this address lives. */
  answered(ip: Uint8Array): void {
    this.#run((node, now) => node.knocked({ ip }, now))
  }

  /** This node's cable was pulled, or is in again. */
  carrier(up: boolean): void {
    this.#run((node, now) => node.carrier(up, now))
  }

  /** On these interfaces this node cannot announce. */
  uplinks(uplinks: Uplinks): void {
    this.#run((node, now) => node.uplinks(uplinks, now))
  }

  /** What is known of the cluster, for people. */
  view(): GossipView {
    return this.node.view(this.#clock.now())
  }

  findings(): Finding[] {
    return this.node.findings(this.#clock.now())
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#datagrams?.close()
    this.#streams?.close()
  }

  #serve(reader: StreamReader, received: Uint8Array, from: Address): 'more' | 'close' | Uint8Array {
    const request = reader.read(received)
    if (!request.ok) {
      if (request.reason === 'truncated') return 'more'
      this.#dropped(from, request.reason)
      return 'close'
    }
    let reply: StreamMessage | undefined
    this.#run((node, now) => {
      node.witness.stream(from, undefined, now)
      reply = node.stream(request.value, now)
    })
    return reply ? encodeStream(reply, 'acceptor', true, this.#security) : 'close'
  }

  /** Lets the node work, does what it wants done, and sets the timer for its next deadline. */
  #run(work: (node: GossipNode, now: number) => unknown): void {
    if (this.#closed) return
    work(this.node, this.#clock.now())
    this.node.tick(this.#clock.now())
    let changed = false
    const users: Extract<Effect, { kind: 'user' }>[] = []
    for (const effect of this.node.drain()) {
      if (effect.kind === 'members') changed = true
      else if (effect.kind === 'user') users.push(effect)
      else this.#perform(effect)
    }
    this.#timer?.cancel()
    const deadline = this.node.nextDeadline()
    if (deadline !== undefined) {
      const ms = Math.max(0, deadline - this.#clock.now())
      this.#timer = this.#clock.after(ms, () => this.#run(() => undefined))
    }
    if (changed) this.#events.changed()
    // After the change: what a member says may be about it.
    for (const { payload, from } of users) this.#events.user?.(payload, from)
  }

  #perform(effect: Exclude<Effect, { kind: 'members' | 'user' }>): void {
    switch (effect.kind) {
      case 'send':
        if (effect.connected) return this.#datagrams?.sendConnected(effect.to, effect.bytes)
        return this.#datagrams?.send(effect.to, effect.bytes)
      case 'knock':
        this.#ask?.(effect.to.ip)
        return void this.#knock(effect.to)
      case 'exchange':
        return void this.#exchange(effect)
      case 'log':
        return this.#log[effect.level](effect.event, effect.fields)
    }
  }

  async #knock(to: Address): Promise<void> {
    if (await this.#streams?.knock(to, KNOCK_MS)) this.#run((node, now) => node.knocked(to, now))
  }

  async #exchange({ id, to, request, timeoutMs }: Extract<Effect, { kind: 'exchange' }>) {
    const bytes = encodeStream(request, 'dialer', true, this.#security)
    const reader = new StreamReader('acceptor', this.#security)
    const reply = await this.#streams?.exchange(to, bytes, timeoutMs, (received) => {
      const answer = reader.read(received)
      if (answer.ok) return answer.value
      if (answer.reason === 'truncated') return 'more'
      this.#dropped(to, answer.reason)
      return undefined
    })
    this.#run((node, now) => {
      if (reply) node.witness.stream(to, undefined, now)
      node.exchangeDone(id, reply, now)
    })
  }

  #dropped(from: Address, reason: StreamDrop): void {
    this.#log.debug('gossip-stream-dropped', { reason })
    this.#run((node, now) => node.witness.stream(from, reason, now))
  }
}
