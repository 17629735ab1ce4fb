/** BFDProfile: how soon a lost BGP peer is noticed (metallb.io/v1beta1, RFC 5880). */
import * as z from 'zod'
import type { Kind } from './schema.ts'

const within = (from: number, to: number, description: string) =>
  z.number().int().min(from).max(to).optional().meta({ format: 'int32' }).describe(description)

export const bfdProfileSpec = z.object({
  receiveInterval: within(
    10,
    60_000,
    'Shortest time between two packets that can be taken, in ms.',
  ),
  transmitInterval: within(10, 60_000, 'Time between two packets that are sent, in ms.'),
  detectMultiplier: within(2, 255, 'So many packets lost in a row: the peer is gone.'),
  echoInterval: within(10, 60_000, 'Shortest time between two echo packets, in ms.'),
  echoMode: z.boolean().optional().describe('Echo packets are sent; not possible with IPv6.'),
  passiveMode: z.boolean().optional().describe('Wait for the peer to begin.'),
  minimumTtl: within(1, 254, 'Packets that have come further are dropped (multi-hop sessions).'),
})

export const BFD_PROFILE: Kind = {
  kind: 'BFDProfile',
  plural: 'bfdprofiles',
  version: 'v1beta1',
  description: 'Settings of BFD sessions, for BGPPeers to refer to.',
  columns: [
    { name: 'Passive Mode', type: 'boolean', jsonPath: '.spec.passiveMode' },
    { name: 'Transmit Interval', type: 'integer', jsonPath: '.spec.transmitInterval' },
    { name: 'Receive Interval', type: 'integer', jsonPath: '.spec.receiveInterval' },
    { name: 'Multiplier', type: 'integer', jsonPath: '.spec.detectMultiplier' },
  ],
  spec: bfdProfileSpec,
  status: z.object({}),
}
