/** What gossip needs of the network. */
import type { Address } from '../core/gossip/effects.ts'

export interface Datagrams {
  send(to: Address, bytes: Uint8Array): void
  /** By a socket connected to `to`: `refused` is called where nobody listens there. */
  sendConnected(to: Address, bytes: Uint8Array): void
  close(): void
}

/** Handles one request of a stream: bytes so far in; 'more', a reply, or 'close'. */
export type Serve = (received: Uint8Array, from: Address) => 'more' | 'close' | Uint8Array

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
