/** What a member has counted since its start: for metrics and for people. They only ever grow. */
import type { PacketDrop } from '../wire/memberlist/packet.ts'
import type { StreamDrop } from '../wire/memberlist/stream.ts'
import type { WordDrop } from './handover-word.ts'
import type { Cause, Withheld } from './watched.ts'

/** Why a connection was closed before what it sent could be understood: bounds of docs/wire-limits.md. */
export type ConnectionDrop = 'tooManyConnections' | 'requestTooSlow' | 'tooManyBytes'

export type GossipDrop = PacketDrop | StreamDrop | ConnectionDrop | WordDrop

export interface GossipCounters {
  /** Members that came under suspicion: by our own word, or by what others said. */
  readonly suspicions: { self: number; other: number }
  /** Deaths found by the fast detector, of members that we watch. */
  readonly detections: Record<Cause, number>
  /** Silences that were not held against a member. */
  readonly withheld: Record<Withheld, number>
  /** Parts of datagrams, streams, connections and words of a handover that could not be used. */
  readonly dropped: Partial<Record<GossipDrop, number>>
  readonly datagrams: { sent: number; received: number }
  readonly bytes: { sent: number; received: number }
  /** `refuted`: others said that we are not what we are. `nameConflict`: two addresses bear one name. */
  readonly contradictions: { refuted: number; nameConflict: number }
  /** States exchanged with members to be. */
  readonly joins: { ok: number; failed: number }
  /** Members that came, that were believed dead, that said they go. */
  readonly members: { joined: number; died: number; left: number }
}

export const newCounters = (): GossipCounters => ({
  suspicions: { self: 0, other: 0 },
  detections: { speakerGone: 0, nodeGone: 0, speakerSilent: 0 },
  withheld: { late: 0, allSilent: 0, noCarrier: 0 },
  dropped: {},
  datagrams: { sent: 0, received: 0 },
  bytes: { sent: 0, received: 0 },
  contradictions: { refuted: 0, nameConflict: 0 },
  joins: { ok: 0, failed: 0 },
  members: { joined: 0, died: 0, left: 0 },
})
