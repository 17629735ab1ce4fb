/**
 * What one member of `count` spends in a quiet cluster: on what it hears and what it sends, encoding and
 * decoding included, sockets and encryption not. The others are played: they ping it as often as it is
 * pinged by watchers and probers, and answer whatever it asks.
 */
import { performance } from 'node:perf_hooks'
import type { Detection } from '../../src/core/gossip/detection.ts'
import type { Address, Effect } from '../../src/core/gossip/effects.ts'
import { markOf } from '../../src/core/gossip/mark.ts'
import { GossipNode } from '../../src/core/gossip/node.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import { Timers } from '../../src/core/gossip/timers.ts'
import { encodeMessage } from '../../src/core/wire/memberlist/messages.ts'
import { decodePacket } from '../../src/core/wire/memberlist/packet.ts'
import { STATE } from '../../src/core/wire/memberlist/stream.ts'
import type { PushPull } from '../../src/core/wire/memberlist/stream.ts'
import { VSN } from '../../src/core/wire/memberlist/version.ts'
import { OPEN } from '../sim/network.ts'
import { seeded } from '../sim/seeded.ts'

const EMPTY = new Uint8Array()
const ROUND_TRIP_MS = 1

const addressOf = (i: number): Address => ({
  ip: Uint8Array.of(10, 0, i >> 8, i & 0xff),
  port: 7946,
})

function stateOf(count: number, meta: Uint8Array): PushPull {
  const nodes = Array.from({ length: count }, (_, i) => {
    const { ip: addr, port } = addressOf(i)
    return { name: `w${i}`, addr, port, meta, vsn: VSN, incarnation: 1, state: STATE.alive }
  })
  return { kind: 'pushPull', join: false, nodes, userState: EMPTY }
}

export class OneMember {
  readonly #node: GossipNode
  readonly #others = new Timers()
  readonly #state: PushPull
  #now = 0
  #spentMs = 0

  constructor(count: number, detection?: Detection) {
    this.#state = stateOf(count, detection ? markOf(true) : EMPTY)
    const common = { name: 'w0', address: addressOf(0), profile: LAN, security: OPEN }
    const options = { ...common, random: seeded(1), ...(detection && { detection }) }
    this.#node = new GossipNode(options, 0)
    this.#node.stream(this.#state, 0)
    this.#pingedBy(1, LAN.probeIntervalMs)
    const watchers = detection ? Math.min(detection.watchers, count - 1) : 0
    for (let i = 1; i <= watchers; i++) this.#pingedBy(i, detection?.intervalMs ?? Infinity)
  }

  /** µs of work in each of so many seconds. */
  run(seconds: number): number {
    this.#spentMs = 0
    const end = this.#now + seconds * 1000
    for (;;) {
      const own = this.#node.nextDeadline() ?? Infinity
      const next = Math.min(own, this.#others.next() ?? Infinity)
      if (next > end) break
      this.#now = next
      if (own === next) this.#work((node, now) => node.tick(now))
      else this.#others.run(next)
    }
    this.#now = end
    return (1000 * this.#spentMs) / seconds
  }

  #pingedBy(i: number, everyMs: number): void {
    const source = { sourceAddr: EMPTY, sourceNode: '', sourcePort: 0 }
    const ping = encodeMessage({ kind: 'ping', node: 'w0', seqNo: 7, ...source })
    const again = (now: number) => {
      this.#work((node) => node.datagram(ping, addressOf(i), now))
      this.#others.set(now + everyMs, again)
    }
    this.#others.set((everyMs * i) / 4, again)
  }

  #work(work: (node: GossipNode, now: number) => void): void {
    const from = performance.now()
    work(this.#node, this.#now)
    this.#node.tick(this.#now)
    const effects = this.#node.drain()
    this.#spentMs += performance.now() - from
    for (const effect of effects) this.#answer(effect)
  }

  #answer(effect: Effect): void {
    const later = (work: (node: GossipNode, now: number) => void) =>
      void this.#others.set(this.#now + ROUND_TRIP_MS, () => this.#work(work))
    if (effect.kind === 'knock') later((node, now) => node.knocked(effect.to, now))
    if (effect.kind === 'exchange') {
      later((node, now) => node.exchangeDone(effect.id, this.#state, now))
    }
    if (effect.kind !== 'send') return
    for (const message of decodePacket(effect.bytes, OPEN).messages) {
      if (message.kind !== 'ping') continue
      const ack = encodeMessage({ kind: 'ackResp', seqNo: message.seqNo, payload: EMPTY })
      later((node, now) => node.datagram(ack, effect.to, now))
    }
  }
}
