/**
 * A cluster in one process and in no time: real GossipNodes, a simulated network, one seed. What
 * happens is a function of the seed alone. Faults are methods here; `storm.ts` makes them by chance.
 */
import { createHash } from 'node:crypto'
import type { Address, Effect } from '../../src/core/gossip/effects.ts'
import { GossipNode } from '../../src/core/gossip/node.ts'
import type { Detection } from '../../src/core/gossip/detection.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import type { Profile } from '../../src/core/gossip/profiles.ts'
import { Timers } from '../../src/core/gossip/timers.ts'
import type { Random } from '../../src/core/random.ts'
import { readBigEndian } from '../../src/core/wire/memberlist/bytes.ts'
import type { Security } from '../../src/core/wire/memberlist/security.ts'
import type { StreamMessage } from '../../src/core/wire/memberlist/stream.ts'
import { Host } from './host.ts'
import type { Input } from './host.ts'
import { Invariants } from './invariants.ts'
import { FAIR, Links } from './links.ts'
import type { Weather } from './links.ts'
import { seeded } from './seeded.ts'

/** Nothing is sealed here: the wire has its own tests. */
export const OPEN: Security = {
  label: new Uint8Array(),
  keys: [],
  cipher: { seal: (_key, _nonce, plain) => plain, open: () => undefined },
  nonce: () => new Uint8Array(12),
}

/** How often a speaker asks those it has lost (src/speaker/joiner.ts). */
export const JOINER_MS = 10_000

/** The detector of all members, or of each; undefined: plain memberlist, as MetalLB's. */
export type Detects = Detection | undefined | ((name: string) => Detection | undefined)

type Exchange = Extract<Effect, { kind: 'exchange' }>

export class Network {
  readonly hosts: Host[] = []
  /** `1234 w1 member {…}`: what hosts log, and faults. For failures and for comparing runs. */
  readonly journal: string[] = []
  readonly links: Links
  /** Events so far. */
  events = 0
  #now = 0
  readonly #random: Random
  readonly #profile: Profile
  readonly #detection: Detects
  readonly #returnDelayMs: number
  readonly #invariants = new Invariants()
  readonly #agenda = new Timers()
  /** The next deadline of each host's process that is on the agenda, and how to take it off. */
  readonly #deadlines = new Map<Host, { readonly at: number; cancel(): void }>()
  readonly #byName = new Map<string, Host>()
  readonly #byIp = new Map<number, Host>()
  /** Something happened that may be waited for. */
  #eventful = true

  constructor(
    seed: number,
    count: number,
    profile: Profile = LAN,
    detection?: Detects,
    returnDelayMs = 0,
  ) {
    this.#returnDelayMs = returnDelayMs
    this.#random = seeded(seed)
    this.links = new Links(this.#random)
    this.#profile = profile
    this.#detection = detection
    for (let i = 1; i <= count; i++) this.add(`w${i}`)
  }

  get now(): number {
    return this.#now
  }

  /** Sha256 of the journal. */
  digest(): string {
    return createHash('sha256').update(this.journal.join('\n')).digest('hex')
  }

  add(name: string): Host {
    const number = this.hosts.length + 1
    const address = { ip: Uint8Array.of(10, 0, number >> 8, number & 0xff), port: 7946 }
    const host = new Host(name, address, this.#boot(name, address, this.#now))
    this.hosts.push(host)
    this.#byName.set(name, host)
    this.#byIp.set(readBigEndian(address.ip, 0, 4), host)
    this.#settle(host)
    return host
  }

  host(name: string): Host {
    const host = this.#byName.get(name)
    if (!host) throw new Error(`no host ${name}`)
    return host
  }

  join(name: string, to: string): void {
    const host = this.host(name)
    host.node.join(this.host(to).address, this.#now, (_, now) => host.node.arrived(now))
    this.#settle(host)
  }

  /** From now on every host asks those it does not see, now and then, as speakers do. */
  startJoiners(): void {
    for (const host of this.hosts) {
      const round = () => {
        if (host.process === 'running') this.#joinTheLost(host)
        this.after(JOINER_MS, round)
      }
      this.after(JOINER_MS * this.#random(), round)
    }
  }

  /** Runs `work` at that time; what is to come of it is the caller's. */
  after(ms: number, work: () => void): () => void {
    return this.#agenda.set(this.#now + ms, work)
  }

  /** What a host believes of each member: `{ w1: 'alive', … }`. */
  view(name: string): Record<string, string> {
    const members = this.host(name).node.members.all()
    const sorted = members.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    return Object.fromEntries(sorted.map(({ name, state }) => [name, state]))
  }

  /**
   * Runs until `until` holds, or for `ms`; returns how long it took, or undefined. It is asked at
   * first, after each event in which a host had something to tell, and at the end.
   */
  run(ms: number, until: () => boolean = () => false): number | undefined {
    const from = this.#now
    const end = from + ms
    // A test may have called a node itself.
    for (const host of this.hosts) this.#settle(host)
    this.#eventful = true
    for (;;) {
      if (this.#eventful && until()) return this.#now - from
      this.#eventful = false
      const next = this.#agenda.next()
      if (next === undefined || next > end) break
      this.#now = Math.max(this.#now, next)
      this.#agenda.run(next)
    }
    this.#now = end
    return until() ? ms : undefined
  }

  /** SIGSTOP: its kernel goes on. */
  pause(name: string): void {
    this.#fault(name, 'pause').process = 'paused'
    this.#settle(this.host(name))
  }

  /** SIGCONT: timers are late, all at once; what has come meanwhile is read. In either order. */
  resume(name: string): void {
    const host = this.#fault(name, 'resume')
    host.process = 'running'
    host.wokenAt = this.#now
    const tick: Input = (now) => host.node.tick(now)
    const inputs = host.take()
    for (const input of this.#random() < 0.5 ? [tick, ...inputs] : [...inputs, tick]) {
      input(this.#clock(host))
    }
    this.#settle(host)
  }

  /** The process ends, its memory is lost; the kernel stays. */
  crash(name: string): void {
    const host = this.#fault(name, 'crash')
    host.process = 'crashed'
    host.take()
    this.#settle(host)
  }

  /** The machine goes, with its process. */
  powerOff(name: string): void {
    this.#fault(name, 'power-off').powered = false
    this.crash(name)
  }

  /** A new process without memory, on a machine that is on. It has joined nobody. */
  restart(name: string): void {
    const host = this.#fault(name, 'restart')
    host.take()
    host.node = this.#boot(name, host.address, this.#clock(host))
    Object.assign(host, { process: 'running', powered: true })
    this.#settle(host)
  }

  /** Takes the cable away. */
  cut(name: string): void {
    this.#plug(this.#fault(name, 'cut'), false)
  }

  mend(name: string): void {
    this.#plug(this.#fault(name, 'mend'), true)
  }

  /** Its kernel tells its process, which tells the others. */
  #plug(host: Host, plugged: boolean): void {
    host.plugged = plugged
    const { node } = host
    this.#enter(host, node, 'stream', (now) => {
      node.carrier(plugged, now)
      node.uplinks(new Map([['eth0', plugged ? 'returning' : 'down']]), now)
    })
  }

  /** Its clock is ahead by that much more. */
  leap(name: string, ms: number): void {
    const host = this.#fault(name, 'leap', { ms })
    host.ahead += ms
    this.#deadlines.get(host)?.cancel()
    this.#deadlines.delete(host)
    this.#settle(host)
  }

  /** Nothing gets from any of `from` to any of `to`: one way. */
  block(from: readonly string[], to: readonly string[]): void {
    for (const a of from) for (const b of to) this.links.block(a, b)
    for (const name of [...from, ...to]) this.#fault(name, 'block')
  }

  /** Nothing gets across, either way. */
  partition(some: readonly string[], others: readonly string[]): void {
    this.block(some, others)
    this.block(others, some)
  }

  /** All blocks are gone. */
  heal(): void {
    for (const name of this.links.heal()) this.#fault(name, 'heal')
  }

  /** From now on, everywhere; what is not said is fair. */
  weather(weather: Partial<Weather>): void {
    this.links.weather = { ...FAIR, ...weather }
    this.#invariants.weather(this.links.fair, this.#now)
    this.#tell('*', 'weather', this.links.weather)
  }

  #fault(name: string, kind: string, fields: object = {}): Host {
    this.#invariants.fault(name, this.#now)
    this.#tell(name, kind, fields)
    return this.host(name)
  }

  #tell(name: string, event: string, fields: object): void {
    this.journal.push(`${this.#now} ${name} ${event} ${JSON.stringify(fields)}`)
    this.#eventful = true
  }

  #boot(name: string, address: Address, now: number): GossipNode {
    const [profile, random] = [this.#profile, this.#random]
    const detection =
      typeof this.#detection === 'function' ? this.#detection(name) : this.#detection
    const options = {
      name,
      address,
      profile,
      security: OPEN,
      random,
      returnDelayMs: this.#returnDelayMs,
      ...(detection && { detection }),
    }
    return this.#invariants.booted(() => new GossipNode(options, now))
  }

  #clock(host: Host): number {
    return this.#now + host.ahead
  }

  /** Into the process that `node` is or was of: at once, when it wakes, or never. */
  #enter(host: Host, node: GossipNode, kind: 'datagram' | 'stream', input: Input): void {
    if (host.node !== node || host.process === 'crashed') return
    if (host.process === 'paused') return host.keep(input, kind)
    const now = this.#clock(host)
    input(now)
    node.tick(now)
    this.#settle(host)
  }

  /** After something happened to a process: does what it wants done, notes its next deadline. */
  #settle(host: Host): void {
    this.events++
    if (host.process === 'running') {
      const effects = host.node.drain()
      for (const effect of effects) this.#carry(host, effect)
      this.#invariants.check(host, effects, this.#now)
    }
    const at = host.process === 'running' ? host.node.nextDeadline() : undefined
    const noted = this.#deadlines.get(host)
    if (at === noted?.at) return
    noted?.cancel()
    this.#deadlines.delete(host)
    if (at === undefined) return
    const cancel = this.#agenda.set(Math.max(this.#now, at - host.ahead), () => {
      this.#deadlines.delete(host)
      // Not before the deadline by an error of rounding: it would be due again and again.
      host.node.tick(Math.max(at, this.#clock(host)))
      this.#settle(host)
    })
    this.#deadlines.set(host, { at, cancel })
  }

  #carry(from: Host, effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        return this.#carryDatagram(from, effect)
      case 'knock':
        return this.#carryKnock(from, effect.to)
      case 'exchange':
        return this.#carryExchange(from, effect)
      case 'log':
        return this.#tell(from.name, effect.event, effect.fields)
      case 'members':
        this.#eventful = true
        return
      case 'user':
        return // Handover has a test of its own.
    }
  }

  #carryDatagram(from: Host, { to: address, bytes, connected }: Extract<Effect, { kind: 'send' }>) {
    const to = this.#at(address)
    if (!to || !from.reachable) return
    const sender = from.node
    for (const ms of this.links.datagram(from.name, to.name)) {
      this.after(ms, () => {
        if (!to.reachable) return
        const { node } = to
        if (to.process !== 'crashed') {
          this.#enter(to, node, 'datagram', (now) => node.datagram(bytes, from.address, now))
        } else if (connected) {
          this.#answer(to, from, () => {
            this.#enter(from, sender, 'datagram', (now) => sender.refused(address, now))
          })
        }
      })
    }
  }

  #carryKnock(from: Host, address: Address): void {
    const to = this.#at(address)
    const { node } = from
    if (!to) return
    this.#answer(from, to, () => {
      this.#answer(to, from, () => {
        this.#enter(from, node, 'stream', (now) => node.knocked(address, now))
      })
    })
  }

  /** One packet of a kernel. */
  #answer(from: Host, to: Host, arrived: () => void): void {
    const ms = from.reachable ? this.links.packet(from.name, to.name) : undefined
    if (ms === undefined) return
    this.after(ms, () => {
      if (to.reachable) arrived()
    })
  }

  /** TCP: nothing is lost on a path that is there, but late; nothing answers on one that is not. */
  #carryExchange(from: Host, { id, to: address, request, timeoutMs }: Exchange): void {
    const { node } = from
    const end = this.#now + timeoutMs
    let over = false
    const done = (reply: StreamMessage | undefined) => {
      if (over) return
      over = true
      giveUp()
      this.#enter(from, node, 'stream', (now) => node.exchangeDone(id, reply, now))
    }
    const giveUp = this.after(timeoutMs, () => done(undefined))
    const to = this.#at(address)
    // A connection takes both ways.
    if (!to || !this.links.open(to.name, from.name)) return
    const segment = (a: Host, b: Host, arrived: () => void) => {
      const ms = a.reachable ? this.links.segment(a.name, b.name, end - this.#now) : undefined
      if (ms === undefined) return
      this.after(ms, () => {
        if (b.reachable && !over) arrived()
      })
    }
    segment(from, to, () => {
      if (to.process === 'crashed') return segment(to, from, () => done(undefined))
      const peer = to.node
      this.#enter(to, peer, 'stream', (now) => {
        const reply = peer.stream(request, now)
        segment(to, from, () => done(reply))
      })
    })
  }

  #joinTheLost(host: Host): void {
    for (const { name, address } of this.hosts) {
      const state = host.node.members.get(name)?.state
      if (name === host.name || state === 'alive' || state === 'suspect') continue
      host.node.join(address, this.#now, () => undefined)
    }
    this.#settle(host)
  }

  #at({ ip }: Address): Host | undefined {
    return this.#byIp.get(readBigEndian(ip, 0, ip.length))
  }
}
