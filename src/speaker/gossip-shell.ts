/** A GossipNode on real sockets and real time: performs its effects, wakes it at its deadlines. */
import { addressFrom } from '../adapters/address.ts'
import { openStreams } from '../adapters/tcp.ts'
import { openDatagrams } from '../adapters/udp.ts'
import type { Detection } from '../core/gossip/detection.ts'
import type { Address, Effect } from '../core/gossip/effects.ts'
import { GossipNode } from '../core/gossip/node.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import type { Security } from '../core/wire/memberlist/security.ts'
import { StreamReader, encodeStream } from '../core/wire/memberlist/stream.ts'
import type { StreamMessage } from '../core/wire/memberlist/stream.ts'
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
}

export class GossipShell {
  readonly node: GossipNode
  readonly #clock: Clock
  readonly #log: Log
  readonly #security: Security
  readonly #changed: () => void
  #datagrams: Datagrams | undefined
  #streams: Streams | undefined
  #timer: { cancel(): void } | undefined
  #closed = false

  private constructor(
    options: GossipShellOptions,
    clock: Clock,
    log: Log,
    random: () => number,
    changed: () => void,
  ) {
    const { bindAddress, bindPort, security } = options
    const address = addressFrom(bindAddress, bindPort)
    if (!address) throw new Error(`gossip: expected an IP address to bind, got "${bindAddress}"`)
    this.#clock = clock
    this.#log = log
    this.#security = security
    this.#changed = changed
    this.node = new GossipNode({ ...options, address, random }, clock.now())
  }

  /** Resolves when both sockets are open. `changed` is called when somebody came or went. */
  static async open(
    options: GossipShellOptions,
    clock: Clock,
    log: Log,
    random: () => number,
    changed: () => void,
  ): Promise<GossipShell> {
    const shell = new GossipShell(options, clock, log, random, changed)
    const { bindAddress, bindPort, profile, security } = options
    shell.#streams = await openStreams(bindAddress, bindPort, profile.tcpTimeoutMs, () => {
      const reader = new StreamReader('dialer', security)
      return (received) => shell.#serve(reader, received)
    })
    shell.#datagrams = await openDatagrams(
      bindAddress,
      bindPort,
      log,
      (bytes, from) => shell.#run((node, now) => node.datagram(bytes, from, now)),
      (from) => shell.#run((node, now) => node.refused(from, now)),
    )
    shell.#run(() => undefined)
    return shell
  }

  /** Exchanges states with the speaker at an address; true if it answered and fits. */
  join(host: string, port: number): Promise<boolean> {
    const to = addressFrom(host, port)
    if (!to) return Promise.resolve(false)
    return new Promise((resolve) => this.#run((node) => node.join(to, resolve)))
  }

  /** Tells all members that this one goes. */
  leave(): void {
    this.#run((node, now) => node.leave(now))
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#datagrams?.close()
    this.#streams?.close()
  }

  #serve(reader: StreamReader, received: Uint8Array): 'more' | 'close' | Uint8Array {
    const request = reader.read(received)
    if (!request.ok) {
      if (request.reason === 'truncated') return 'more'
      this.#log.debug('gossip-stream-dropped', { reason: request.reason })
      return 'close'
    }
    let reply: StreamMessage | undefined
    this.#run((node, now) => (reply = node.stream(request.value, now)))
    return reply ? encodeStream(reply, 'acceptor', true, this.#security) : 'close'
  }

  /** Lets the node work, does what it wants done, and sets the timer for its next deadline. */
  #run(work: (node: GossipNode, now: number) => unknown): void {
    if (this.#closed) return
    work(this.node, this.#clock.now())
    this.node.tick(this.#clock.now())
    let changed = false
    for (const effect of this.node.drain()) {
      if (effect.kind === 'members') changed = true
      else this.#perform(effect)
    }
    this.#timer?.cancel()
    const deadline = this.node.nextDeadline()
    if (deadline !== undefined) {
      const ms = Math.max(0, deadline - this.#clock.now())
      this.#timer = this.#clock.after(ms, () => this.#run(() => undefined))
    }
    if (changed) this.#changed()
  }

  #perform(effect: Exclude<Effect, { kind: 'members' }>): void {
    switch (effect.kind) {
      case 'send':
        if (effect.connected) return this.#datagrams?.sendConnected(effect.to, effect.bytes)
        return this.#datagrams?.send(effect.to, effect.bytes)
      case 'knock':
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
      this.#log.debug('gossip-stream-dropped', { reason: answer.reason })
      return undefined
    })
    this.#run((node, now) => node.exchangeDone(id, reply, now))
  }
}
