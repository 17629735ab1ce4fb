/** What gossip needs of the network. */
import type { Address } from '../core/gossip/effects.ts'

export interface Datagrams {
  send(to: Address, bytes: Uint8Array): void
  /** By a socket connected to `to`: `refused` is called where nobody listens there. */
  sendConnected(to: Address, bytes: Uint8Array): void
  close(): void
}

/** Called for each connection, with who made it; what it returns gets all bytes so far, and answers 'more', a reply, or
 * 'close'. */
export type Serve = (from: Address) => (received: Uint8Array) => 'more' | 'close' | Uint8Array

export interface Streams {
  /**
   * Connects, sends `request`, and hands all bytes received so far to `read` after each chunk, until
   * that returns something other than 'more'. Undefined: no answer in time, or refused.
   */
  exchange<T>(
    to: Address,
    request: Uint8Array,
    timeoutMs: number,
    read: (received: Uint8Array) => T | 'more',
  ): Promise<T | undefined>
  /** Connects and closes; true if the kernel there answered, be it by a refusal. */
  knock(to: Address, timeoutMs: number): Promise<boolean>
  close(): void
}
