/** Counters of a packet thread that has done nothing but what is given. */
import type { PacketCounters } from '../../src/speaker/messages.ts'

export const packetCounters = (some: Partial<PacketCounters> = {}): PacketCounters => ({
  vips: [],
  drops: {},
  answers: { arpRequest: 0, arpProbe: 0, solicitation: 0, duplicateProbe: 0 },
  interfaces: [],
  rivals: [],
  rivalsFound: { stranger: 0, speaker: 0 },
  ...some,
})
