/**
 * What must hold after every event, whatever the faults. Each breach throws and says when, whose and
 * what; the network goes on for nobody.
 */
import { mock } from 'node:test'
import { BroadcastQueue } from '../../src/core/gossip/broadcast-queue.ts'
import type { Effect } from '../../src/core/gossip/effects.ts'
import type { Member, Members } from '../../src/core/gossip/members.ts'
import type { GossipNode } from '../../src/core/gossip/node.ts'
import { Timers } from '../../src/core/gossip/timers.ts'
import { SOCKET_BUFFER } from './host.ts'
import type { Host } from './host.ts'

/** An Ethernet frame holds that much. */
const MOST_BYTES = 1500
/** A fault can still be the cause of a death this long after it began or ended. */
const CAUSE_MS = 600_000
/** Timers a node has anyhow, and for each member: a suspicion, asking it, what it relays to and for it. */
const TIMERS_OWN = 16
const TIMERS_PER_MEMBER = 8
/** Whoever wakes reads its whole buffer at once: two timers for each request to relay. */
const WAKING_MS = 2000

interface Process {
  readonly timers: Timers
  readonly news: BroadcastQueue
  /** In the order of the node's members. */
  readonly seen: { member: Member; incarnation: number }[]
  /** News was judged since the last check, which is the only way that incarnations change. */
  judged: boolean
}

export class Invariants {
  readonly #processes = new WeakMap<GossipNode, Process>()
  /** When a fault last began or ended there. */
  readonly #touched = new Map<string, number>()
  #rough = false
  #roughUntil = -Infinity

  /** A node keeps its parts to itself. It uses them while it boots, which shows which they are. */
  booted(boot: () => GossipNode): GossipNode {
    const set = mock.method(Timers.prototype, 'set')
    const queue = mock.method(BroadcastQueue.prototype, 'queue')
    try {
      const node = boot()
      const timers = set.mock.calls[0]?.this as Timers
      const news = queue.mock.calls[0]?.this as BroadcastQueue
      const process: Process = { timers, news, seen: [], judged: true }
      noteJudging(node.members, () => (process.judged = true))
      this.#processes.set(node, process)
      return node
    } finally {
      set.mock.restore()
      queue.mock.restore()
    }
  }

  fault(name: string, now: number): void {
    this.#touched.set(name, now)
  }

  weather(fair: boolean, now: number): void {
    if (this.#rough && fair) this.#roughUntil = now
    this.#rough = !fair
  }

  check(host: Host, effects: readonly Effect[], now: number): void {
    const breach = (what: string): never => {
      throw new Error(`${now} ${host.name}: ${what}`)
    }
    const process = this.#processes.get(host.node)
    if (!process) return breach('was not booted here')
    for (const effect of effects) {
      if (effect.kind === 'send' && effect.bytes.length > MOST_BYTES) {
        breach(`a datagram of ${effect.bytes.length} bytes`)
      }
      if (effect.kind === 'log' && effect.event === 'member') {
        const { name, to, by } = effect.fields as { name: string; to: string; by?: string }
        const known = [name, by ?? host.name, host.name].some((it) => this.#hadFault(it, now))
        if (to === 'dead' && !known && !this.#hadWeather(now)) breach(`no fault made ${name} dead`)
      }
    }
    const { members } = host.node
    const { timers, news } = process
    const woken = now - host.wokenAt < WAKING_MS ? 2 * SOCKET_BUFFER : 0
    if (timers.size > TIMERS_OWN + TIMERS_PER_MEMBER * members.size + woken) {
      breach(`${timers.size} timers for ${members.size} members`)
    }
    if (news.size > members.size) breach(`${news.size} news of ${members.size} members`)
    if (!process.judged) return
    process.judged = false
    this.#checkIncarnations(members, process, breach)
  }

  /** This is done for each event with news and each member, so it makes nothing. */
  #checkIncarnations(members: Members, { seen }: Process, breach: (what: string) => never): void {
    let at = 0
    for (const member of members) {
      // By identity: a member that was forgotten and comes again is a new one.
      let known = seen[at]
      while (known && known.member !== member) {
        seen.splice(at, 1)
        known = seen[at]
      }
      const { incarnation } = member
      if (!known) seen.push({ member, incarnation })
      else if (known.incarnation > incarnation) {
        breach(`${member.name} went back from incarnation ${known.incarnation} to ${incarnation}`)
      } else known.incarnation = incarnation
      at++
    }
    seen.length = at
  }

  #hadFault(name: string, now: number): boolean {
    return now - (this.#touched.get(name) ?? -Infinity) <= CAUSE_MS
  }

  #hadWeather(now: number): boolean {
    return this.#rough || now - this.#roughUntil <= CAUSE_MS
  }
}

function noteJudging(members: Members, judged: () => void): void {
  for (const name of ['alive', 'suspect', 'dead'] as const) {
    const judge = members[name].bind(members) as (...news: unknown[]) => unknown
    const noted = (...news: unknown[]) => {
      judged()
      return judge(...news)
    }
    Object.assign(members, { [name]: noted })
  }
}
