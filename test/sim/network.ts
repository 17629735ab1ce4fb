/**
 * A cluster in one process and in no time: real GossipNodes, a simulated network, one seed. What
 * happens is a function of the seed alone.
 */
import type { Address, Effect } from '../../src/core/gossip/effects.ts'
import { GossipNode } from '../../src/core/gossip/node.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import type { Profile } from '../../src/core/gossip/profiles.ts'
import type { Security } from '../../src/core/wire/memberlist/security.ts'
import type { StreamMessage } from '../../src/core/wire/memberlist/stream.ts'

/** Nothing is sealed here: the wire has its own tests. */
const OPEN: Security = {
  label: new Uint8Array(),
  keys: [],
  cipher: { seal: (_key, _nonce, plain) => plain, open: () => undefined },
  nonce: () => new Uint8Array(12),
}

/** mulberry32: small, quick, and good enough to shake things. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Host {
  readonly name: string
  readonly address: Address
  node: GossipNode
  /** False: crashed, or its cable is cut. */
  up: boolean
}

interface Delivery {
  readonly at: number
  readonly sequence: number
  deliver(): void
}

export class Network {
  now = 0
  /** Share of datagrams that get lost. */
  loss = 0
  readonly hosts: Host[] = []
  /** `1234 w1 member {…}`, for failures and for comparing runs. */
  readonly journal: string[] = []
  readonly #random: () => number
  readonly #profile: Profile
  #deliveries: Delivery[] = []
  #sequence = 0

  constructor(seed: number, count: number, profile: Profile = LAN) {
    this.#random = seeded(seed)
    this.#profile = profile
    for (let i = 1; i <= count; i++) this.add(`w${i}`)
  }

  add(name: string): Host {
    const address = { ip: Uint8Array.of(10, 0, 0, this.hosts.length + 1), port: 7946 }
    const host: Host = { name, address, node: this.#boot(name, address), up: true }
    this.hosts.push(host)
    return host
  }

  host(name: string): Host {
    const host = this.hosts.find((candidate) => candidate.name === name)
    if (!host) throw new Error(`no host ${name}`)
    return host
  }

  /** A crash with loss of memory, over as soon as it happened. */
  restart(name: string): void {
    const host = this.host(name)
    host.node = this.#boot(name, host.address)
    host.up = true
  }

  join(name: string, to: string): void {
    this.host(name).node.join(this.host(to).address, () => undefined)
  }

  /** What a host believes of each member: `{ w1: 'alive', … }`. */
  view(name: string): Record<string, string> {
    const members = this.host(name).node.members.all()
    const sorted = members.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    return Object.fromEntries(sorted.map(({ name, state }) => [name, state]))
  }

  /** Runs until `until` holds, or for `ms`; returns how long it took, or undefined. */
  run(ms: number, until: () => boolean = () => false): number | undefined {
    const from = this.now
    while (this.now < from + ms) {
      this.#perform()
      if (until()) return this.now - from
      this.now = Math.min(this.#nextEvent(), from + ms)
      const due = this.#deliveries.filter(({ at }) => at <= this.now)
      this.#deliveries = this.#deliveries.filter(({ at }) => at > this.now)
      due.sort((a, b) => a.at - b.at || a.sequence - b.sequence)
      for (const delivery of due) delivery.deliver()
      for (const { node, up } of this.hosts) if (up) node.tick(this.now)
    }
    this.#perform()
    return until() ? this.now - from : undefined
  }

  #boot(name: string, address: Address): GossipNode {
    const options = { name, address, profile: this.#profile, security: OPEN, random: this.#random }
    return new GossipNode(options, this.now)
  }

  #nextEvent(): number {
    const deadlines = this.hosts
      .filter(({ up }) => up)
      .map(({ node }) => node.nextDeadline() ?? Infinity)
    return Math.max(this.now, Math.min(...deadlines, ...this.#deliveries.map(({ at }) => at)))
  }

  #perform(): void {
    for (const host of this.hosts) {
      for (const effect of host.node.drain()) if (host.up) this.#carry(host, effect)
    }
  }

  #carry(from: Host, effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        if (effect.bytes.length > 1500) throw new Error(`datagram of ${effect.bytes.length} bytes`)
        if (this.#random() < this.loss) return
        return this.#later(() => {
          const to = this.#at(effect.to)
          if (to) to.node.datagram(effect.bytes, from.address, this.now)
        })
      case 'exchange':
        return this.#carryExchange(from, effect)
      case 'log':
        this.journal.push(
          `${this.now} ${from.name} ${effect.event} ${JSON.stringify(effect.fields)}`,
        )
        return
      case 'members':
        return
    }
  }

  /** TCP: nothing is lost on a path that is there; nothing answers on one that is not. */
  #carryExchange(from: Host, effect: Extract<Effect, { kind: 'exchange' }>): void {
    const { node } = from
    const answer = (reply: StreamMessage | undefined, ms?: number) =>
      this.#later(() => node.exchangeDone(effect.id, reply, this.now), ms)
    this.#later(() => {
      const to = this.#at(effect.to)
      if (to) answer(to.node.stream(effect.request, this.now))
      else answer(undefined, effect.timeoutMs)
    })
  }

  #at(address: Address): Host | undefined {
    return this.hosts.find(({ address: { ip }, up }) => up && ip.join() === address.ip.join())
  }

  #later(deliver: () => void, ms = 0.2 + 2 * this.#random()): void {
    this.#deliveries.push({ at: this.now + ms, sequence: this.#sequence++, deliver })
  }
}
