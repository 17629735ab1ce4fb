/** What the state machine wants done; the shell does it. */
import type { StreamMessage } from '../wire/memberlist/stream.ts'

export interface Address {
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array
  readonly port: number
}

export type Effect =
  /**
   * `connected`: by a socket connected to that address, from any port, so that the kernel there can
   * say that nobody listens (ICMP port unreachable): tell it by `refused(to, …)`.
   */
  | {
      readonly kind: 'send'
      readonly to: Address
      readonly bytes: Uint8Array
      readonly connected?: true
    }
  /**
   * Ask the kernel there whether it lives: connect by TCP and close; on a shared segment, by ARP or
   * neighbour discovery too. Tell any answer, be it a refusal, by `knocked(to, …)`; silence is told by
   * nothing.
   */
  | { readonly kind: 'knock'; readonly to: Address }
  /** Connect, send, read one reply, and tell it by `exchangeDone(id, …)`. */
  | {
      readonly kind: 'exchange'
      readonly id: number
      readonly to: Address
      readonly request: StreamMessage
      readonly timeoutMs: number
    }
  /** A member sent us bytes that are no matter of membership. */
  | { readonly kind: 'user'; readonly from: Address; readonly payload: Uint8Array }
  /** Somebody came, went, came under suspicion, or says something else of itself. */
  | { readonly kind: 'members' }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn'
      readonly event: string
      readonly fields: object
    }
