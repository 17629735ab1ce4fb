/**
 * Push/pull: two members tell each other all they believe, by a stream. So one joins, and what gossip
 * has missed is made up for (hashicorp/memberlist state.go pushPull, mergeState).
 */
import type { Random } from '../random.ts'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import { aliveOverLimit } from '../wire/memberlist/limits.ts'
import { STATE } from '../wire/memberlist/stream.ts'
import type { PushNodeState, PushPull } from '../wire/memberlist/stream.ts'
import { compatible } from '../wire/memberlist/version.ts'
import type { Beliefs } from './beliefs.ts'
import type { Address } from './effects.ts'
import { isMarked, isSettled } from './mark.ts'
import { addressOf } from './members.ts'
import type { Members } from './members.ts'
import type { Outbox } from './outbox.ts'
import type { Witness } from './witness.ts'

export interface ExchangeOptions {
  readonly random: Random
  /** For a whole exchange. */
  readonly timeoutMs: number
}

export interface ExchangeParts {
  readonly members: Members
  readonly outbox: Outbox
  readonly witness: Witness
  readonly beliefs: Beliefs
}

export class Exchange {
  readonly #options: ExchangeOptions
  readonly #parts: ExchangeParts

  constructor(options: ExchangeOptions, parts: ExchangeParts) {
    this.#options = options
    this.#parts = parts
  }

  /** With a member to be; `done` tells whether it answered. */
  join(to: Address, askedAt: number, done: (ok: boolean, now: number) => void): void {
    const { outbox, witness } = this.#parts
    outbox.exchange(to, this.#state(true), this.#options.timeoutMs, (reply, now) => {
      const ok = reply?.kind === 'pushPull' && this.#merge(reply, now, askedAt)
      witness.counters.joins[ok ? 'ok' : 'failed']++
      done(ok, now)
    })
  }

  /** With a member by chance. */
  withSomeone(askedAt: number): void {
    const { members, outbox } = this.#parts
    const { random, timeoutMs } = this.#options
    const [member] = members.choose(1, random, ({ state, name }) => {
      return state === 'alive' && name !== members.self
    })
    if (!member) return
    outbox.exchange(addressOf(member), this.#state(false), timeoutMs, (reply, now) => {
      if (reply?.kind === 'pushPull') this.#merge(reply, now, askedAt)
      else outbox.log('debug', 'gossip-push-pull-failed', { member: member.name })
    })
  }

  /** As memberlist: the reply is what was known before; whether the merge is accepted comes after. */
  answer(request: PushPull, now: number): PushPull {
    const reply = this.#state(request.join)
    this.#merge(request, now)
    return reply
  }

  #state(join: boolean): PushPull {
    const nodes = this.#parts.members
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

  /** False if versions do not fit: then nothing of it is believed. `askedAt`: undefined for what came unasked. */
  #merge({ nodes }: PushPull, now: number, askedAt?: number): boolean {
    const { members, outbox, beliefs } = this.#parts
    if (!compatible([...nodes, ...this.#state(false).nodes])) {
      outbox.log('warn', 'gossip-versions-incompatible', { nodes: nodes.length })
      return false
    }
    if (this.#isMissed(nodes)) beliefs.settling.unsettle(now)
    for (const { name: node, state, incarnation, ...rest } of nodes) {
      const reason = aliveOverLimit({ node, incarnation, ...rest })
      if (reason) {
        outbox.log('debug', 'gossip-packet-dropped', { reason })
        continue
      }
      if (state === STATE.alive) beliefs.alive({ kind: 'alive', node, incarnation, ...rest }, now)
      else if (state === STATE.left) {
        beliefs.dead({ kind: 'dead', node, from: node, incarnation }, now)
      } else {
        // A death is only ever gossiped: told this way it is a suspicion, which can be refuted.
        beliefs.suspect({ kind: 'suspect', node, from: members.self, incarnation }, now, true)
      }
    }
    beliefs.settling.met(now, askedAt)
    return true
  }

  /** Who sends this holds us for gone, and is settled. Members of ours list themselves first. */
  #isMissed(nodes: readonly PushNodeState[]): boolean {
    const own = nodes.find(({ name }) => name === this.#parts.members.self)
    if (own?.state !== STATE.dead && own?.state !== STATE.left) return false
    const [sender] = nodes
    return sender !== undefined && isMarked(sender.meta) && isSettled(sender.meta)
  }
}
