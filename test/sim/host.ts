/**
 * A machine with a process on it. The machine has a kernel and a cable: they answer knocks and refuse
 * datagrams whatever the process does. The process has the member, which is lost with it.
 */
import type { Address } from '../../src/core/gossip/effects.ts'
import type { GossipNode } from '../../src/core/gossip/node.ts'

/** Datagrams that wait in the socket buffer of a process that is paused; more are lost. */
export const SOCKET_BUFFER = 200

/** Something that comes into a process; `now` by the clock of its host. */
export type Input = (now: number) => void

export class Host {
  readonly name: string
  readonly address: Address
  node: GossipNode
  process: 'running' | 'paused' | 'crashed' = 'running'
  powered = true
  plugged = true
  /** What its clock is ahead, in ms. */
  ahead = 0
  /** When the process was last woken, by the network's time. */
  wokenAt = -Infinity
  /** What came in while it is paused, in order. */
  #waiting: Input[] = []
  #datagrams = 0

  constructor(name: string, address: Address, node: GossipNode) {
    this.name = name
    this.address = address
    this.node = node
  }

  /** Its kernel is on the network. */
  get reachable(): boolean {
    return this.powered && this.plugged
  }

  /** Runs, and can be reached. */
  get up(): boolean {
    return this.reachable && this.process === 'running'
  }

  /** For a paused process: kept until it wakes, unless the buffer is full. */
  keep(input: Input, kind: 'datagram' | 'stream'): void {
    if (kind === 'datagram' && ++this.#datagrams > SOCKET_BUFFER) return
    this.#waiting.push(input)
  }

  /** What has been kept; nothing is any more. */
  take(): Input[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#datagrams = 0
    return waiting
  }
}
