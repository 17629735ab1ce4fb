/** Vsn: lowest, highest and spoken version of the protocol and of the delegate's. */
import type { PushNodeState } from './stream.ts'
import { STATE } from './stream.ts'

/** What memberlist of today sends with default configuration; so do we. */
export const VSN = Uint8Array.of(1, 5, 2, 0, 0, 0)

/** A peer's PMax from which on it understands the thing. */
export const SINCE = { tcpPing: 3, nack: 4, crc: 5 } as const

export const supports = (vsn: Uint8Array, since: number): boolean => (vsn[1] ?? 0) >= since

/** Whether an alive message may be heeded; a Vsn of less than 3 bytes says nothing. */
export const plausibleVsn = (vsn: Uint8Array): boolean => {
  const [low = 0, high = 0] = vsn
  return vsn.length < 3 || (low > 0 && high > 0 && low <= high)
}

/**
 * Whether the members of both lists can talk to each other: what every node speaks must be
 * understood by all that are alive (memberlist.go, verifyProtocol).
 */
export function compatible(nodes: readonly Pick<PushNodeState, 'state' | 'vsn'>[]): boolean {
  const alive = nodes.filter(({ state, vsn }) => state === STATE.alive && vsn.length >= 6)
  return [0, 3].every((at) => {
    const low = Math.max(0, ...alive.map(({ vsn }) => vsn[at] ?? 0))
    const high = Math.min(255, ...alive.map(({ vsn }) => vsn[at + 1] ?? 0))
    return nodes.every(({ vsn }) => {
      const spoken = vsn.length >= 6 ? (vsn[at + 2] ?? 0) : 0
      return spoken >= low && spoken <= high
    })
  })
}
