/** A whole member, fed with what a network may bring, at times of its own. */
import assert from 'node:assert/strict'
import { STEADY } from '../../src/core/gossip/detection.ts'
import type { Address } from '../../src/core/gossip/effects.ts'
import { GossipNode } from '../../src/core/gossip/node.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import type { Random } from '../../src/core/random.ts'
import type { Security } from '../../src/core/wire/memberlist/security.ts'
import { decodeStream } from '../../src/core/wire/memberlist/stream.ts'
import type { Side, StreamMessage } from '../../src/core/wire/memberlist/stream.ts'
import { seeded } from '../sim/seeded.ts'
import { below, pick } from './mutate.ts'
import { SELF, datagram, stream } from './samples.ts'

/** Far above what an input takes, far below what a stall would. */
const STALL_MS = 3000
/** What a member may keep, whatever comes in: see docs/wire-limits.md. */
const MOST_KEPT = { members: 10_000, timers: 14_000, news: 20_000, exchanges: 200, probes: 12_000 }
/** Effects of one input, for each byte of it; and of time going by. */
const EFFECTS_PER_BYTE = 4
const EFFECTS_OF_TIME = 2000

export class Rig {
  readonly random: Random
  readonly #security: Security
  readonly #node: GossipNode
  readonly #asked: number[] = []
  #now = 0
  /** Effects of all inputs so far: a member that does nothing was not tested. */
  effects = 0
  /** How often each reason was given for a drop. */
  readonly drops = new Map<string, number>()

  constructor(seed: number, security: Security) {
    this.random = seeded(seed)
    this.#security = security
    this.#node = new GossipNode(
      {
        name: SELF,
        address: { ip: Uint8Array.of(10, 0, 0, 0), port: 7946 },
        profile: LAN,
        security,
        random: this.random,
        detection: STEADY,
      },
      0,
    )
  }

  get load() {
    return this.#node.load
  }

  /** One input, by chance, and what must hold after it. */
  step(): void {
    const { random } = this
    const at = random()
    if (at < 0.75) this.datagram(datagram(random, this.#security))
    else if (at < 0.85) this.#serve()
    else if (at < 0.92) this.#reply()
    else if (at < 0.96) this.#work(0, (now) => this.#node.refused(this.#address(), now))
    else this.#work(0, (now) => this.#node.knocked(this.#address(), now))
    if (random() < 0.1) this.pass(pick(random, [1, 20, 200, 2000]))
  }

  datagram(bytes: Uint8Array): void {
    this.#work(bytes.length, (now) => this.#node.datagram(bytes, this.#address(), now))
  }

  pass(ms: number): void {
    this.#now += ms
    this.#work(EFFECTS_OF_TIME, () => undefined)
  }

  #serve(): void {
    const bytes = stream(this.random, 'dialer', this.#security)
    this.#work(bytes.length, (now) => {
      const request = this.#decoded(bytes, 'dialer')
      if (request) this.#node.stream(request, now)
    })
  }

  #reply(): void {
    const id = this.#asked.shift()
    if (id === undefined) return
    const bytes = stream(this.random, 'acceptor', this.#security)
    this.#work(bytes.length, (now) => {
      const reply = this.random() < 0.8 ? this.#decoded(bytes, 'acceptor') : undefined
      this.#node.exchangeDone(id, reply, now)
    })
  }

  #decoded(bytes: Uint8Array, side: Side): StreamMessage | undefined {
    const answer = decodeStream(bytes, side, this.#security)
    if (!answer.ok) this.#dropped(answer.reason)
    return answer.ok ? answer.value : undefined
  }

  #address(): Address {
    const ip = Uint8Array.of(10, 0, 0, below(this.random, 20))
    return { ip, port: this.random() < 0.9 ? 7946 : below(this.random, 65_536) }
  }

  #work(size: number, work: (now: number) => void): void {
    const started = performance.now()
    work(this.#now)
    this.#node.tick(this.#now)
    const took = performance.now() - started
    assert.ok(took < STALL_MS, `${size} bytes took ${took} ms`)
    let count = 0
    for (const effect of this.#node.drain()) {
      count++
      if (effect.kind === 'exchange') this.#asked.push(effect.id)
      if (effect.kind === 'send') {
        assert.ok(effect.bytes.length <= 65_507, `a datagram of ${effect.bytes.length} bytes`)
      }
      if (effect.kind === 'log' && effect.event === 'gossip-packet-dropped') {
        if ('reason' in effect.fields) this.#dropped(String(effect.fields.reason))
      }
    }
    this.effects += count
    const most = 100 + size * EFFECTS_PER_BYTE
    assert.ok(count <= most, `${count} effects of ${size} bytes`)
    for (const [what, bound] of Object.entries(MOST_KEPT)) {
      const kept = this.#node.load[what as keyof typeof MOST_KEPT]
      assert.ok(kept <= bound, `${kept} ${what} kept`)
    }
    // An exchange that is never answered: the shell tells so in time.
    while (this.#asked.length > 100) {
      this.#node.exchangeDone(this.#asked.shift() ?? 0, undefined, this.#now)
    }
  }

  #dropped(reason: string): void {
    this.drops.set(reason, (this.drops.get(reason) ?? 0) + 1)
  }
}
