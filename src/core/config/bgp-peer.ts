/**
 * BGPPeer: a router to speak BGP with (metallb.io/v1beta2, api/v1beta2/bgppeer_types.go), and as
 * v1beta1 has it, which is served and converted (core/admission/convert.ts).
 */
import * as z from 'zod'
import { ipRule, lineRule } from './cel.ts'
import type { Column, Kind, Rule } from './schema.ts'
import { labelSelectors, rules } from './schema.ts'

const asn = (from: number, description: string) =>
  z.number().int().min(from).max(4_294_967_295).meta({ format: 'int64' }).describe(description)

/** Go's durations ("90s", "1m30s"); docs say the bounds. */
const duration = (description: string, ...list: Rule[]) =>
  z
    .string()
    .max(64)
    .optional()
    .meta(list.length > 0 ? rules(...list) : {})
    .describe(description)

const holdTimeRule: Rule = {
  rule: 'duration(self).getSeconds() == 0 || duration(self).getSeconds() >= 3',
  message: 'invalid hold time: must be 0 or >=3s',
}

const address = (what: string, description: string) =>
  z
    .string()
    .max(64)
    .optional()
    .meta(rules(ipRule(what)))
    .describe(description)

const line = (what: string, description: string) =>
  z
    .string()
    .max(4096)
    .optional()
    .meta(rules(lineRule(what)))
    .describe(description)

const flag = (description: string) => z.boolean().optional().describe(description)

export const bgpPeerSpec = z
  .object({
    myASN: asn(0, 'AS number of this end.'),
    peerASN: asn(0, 'AS number of the peer; exclusive with dynamicASN.').optional(),
    localASN: asn(1, 'AS number that this end shows to the peer instead of myASN.').optional(),
    dynamicASN: z
      .enum(['internal', 'external'])
      .optional()
      .describe('The AS number of the peer is learnt: the same as ours, or any other.'),
    peerAddress: address('BGPPeer address', 'Address of the peer; exclusive with interface.'),
    interface: line('interface', 'Interface of an unnumbered peer; exclusive with peerAddress.'),
    sourceAddress: address('source IP', 'Address to connect from.'),
    peerPort: z.number().int().min(1).max(16_384).default(179).describe('Port of the peer.'),
    holdTime: duration('How long a silent peer is believed (RFC 4271); 0 or >= 3s.', holdTimeRule),
    keepaliveTime: duration('How often the peer hears of us; at most the hold time.'),
    connectTime: duration(
      'How long between two tries to connect.',
      {
        rule: 'duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535',
        message: 'connect time should be between 1 seconds to 65535',
      },
      {
        rule: 'duration(self).getMilliseconds() % 1000 == 0',
        message: 'connect time should contain a whole number of seconds',
      },
    ),
    routerID: address('router ID', 'Router ID to show to the peer.'),
    nodeSelectors: labelSelectors('Nodes that speak with the peer; absent: all.'),
    password: line('password', 'Password of the session (TCP MD5); exclusive with passwordSecret.'),
    passwordSecret: z
      .object({
        name: z.string().optional().describe('Name of the Secret.'),
        namespace: z.string().optional().describe('Its namespace; not used.'),
      })
      .optional()
      .meta({ 'x-kubernetes-map-type': 'atomic' })
      .describe('Secret of type kubernetes.io/basic-auth that holds the password.'),
    bfdProfile: z.string().optional().describe('Name of the BFDProfile of the session.'),
    enableGracefulRestart: z
      .boolean()
      .optional()
      .meta(
        rules({
          rule: 'self == oldSelf',
          message: 'EnableGracefulRestart cannot be changed after creation',
        }),
      )
      .describe('Routes stay while this end restarts (RFC 4724). Cannot be changed.'),
    ebgpMultiHop: flag('The peer is more than one hop away.'),
    vrf: line('VRF name', 'VRF that the session is in.'),
    disableMP: flag('Deprecated and without effect: addresses go by the family of the session.'),
    dualStackAddressFamily: flag('Both families are exchanged over the session.'),
  })
  .meta(
    rules(
      { rule: 'self.myASN != 0', message: 'missing local ASN' },
      {
        rule: '(has(self.peerASN) && self.peerASN != 0) || has(self.dynamicASN)',
        message: 'missing peer ASN and dynamicASN',
      },
      {
        rule: '!has(self.peerASN) || self.peerASN == 0 || !has(self.dynamicASN)',
        message: 'both peer ASN and dynamicASN specified',
      },
      {
        rule: '!has(self.ebgpMultiHop) || !self.ebgpMultiHop || !has(self.peerASN) || self.peerASN != self.myASN',
        message: 'invalid ebgp-multihop parameter set for an ibgp peer',
      },
      {
        rule: "(has(self.peerAddress) && self.peerAddress != '') || (has(self.interface) && self.interface != '')",
        message: 'peer has no Address or Interface specified',
      },
      {
        rule: "!has(self.peerAddress) || self.peerAddress == '' || !has(self.interface) || self.interface == ''",
        message: 'peer has both Address and Interface specified',
      },
      {
        rule: '!has(self.holdTime) || !has(self.keepaliveTime) || duration(self.keepaliveTime) <= duration(self.holdTime)',
        message: 'invalid keepaliveTime, must be lower than holdTime',
      },
      {
        rule: "!has(self.password) || self.password == '' || !has(self.passwordSecret) || !has(self.passwordSecret.name) || self.passwordSecret.name == ''",
        message: 'can not have both password and secret ref set in peer config',
      },
    ),
  )

/** Node selectors of v1beta1 are a type of their own, and need values. */
const oldNodeSelector = z.object({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).min(1) }))
    .optional(),
})

export const bgpPeerSpecV1beta1 = z
  .object({
    myASN: asn(0, 'AS number of this end.'),
    peerASN: asn(0, 'AS number of the peer.'),
    peerAddress: z
      .string()
      .max(64)
      .meta(rules(ipRule('BGPPeer address')))
      .describe('Address of the peer.'),
    sourceAddress: address('source IP', 'Address to connect from.'),
    peerPort: z.number().int().min(0).max(16_384).optional().describe('Port of the peer.'),
    holdTime: duration('How long a silent peer is believed (RFC 4271); 0 or >= 3s.', holdTimeRule),
    keepaliveTime: duration('How often the peer hears of us; at most the hold time.'),
    routerID: address('router ID', 'Router ID to show to the peer.'),
    nodeSelectors: z
      .array(oldNodeSelector)
      .optional()
      .describe('Nodes that speak with the peer; absent: all.'),
    password: line('password', 'Password of the session (TCP MD5).'),
    bfdProfile: z.string().optional().describe('Name of the BFDProfile of the session.'),
    ebgpMultiHop: flag('The peer is more than one hop away.'),
  })
  .meta(
    rules(
      { rule: 'self.myASN != 0', message: 'missing local ASN' },
      { rule: 'self.peerASN != 0', message: 'missing peer ASN' },
      { rule: "self.peerAddress != ''", message: 'peer has no Address specified' },
    ),
  )

const columns: readonly Column[] = [
  { name: 'Address', type: 'string', jsonPath: '.spec.peerAddress' },
  { name: 'ASN', type: 'string', jsonPath: '.spec.peerASN' },
  { name: 'BFD Profile', type: 'string', jsonPath: '.spec.bfdProfile' },
  { name: 'Multi Hops', type: 'string', jsonPath: '.spec.ebgpMultiHop' },
]

export const BGP_PEER: Kind = {
  kind: 'BGPPeer',
  plural: 'bgppeers',
  version: 'v1beta2',
  description: 'A router that the addresses of pools are announced to by BGP.',
  columns,
  spec: bgpPeerSpec,
  status: z.object({}),
  older: [
    {
      version: 'v1beta1',
      deprecation: 'v1beta1 is deprecated, please use v1beta2',
      columns,
      spec: bgpPeerSpecV1beta1,
      status: z.object({}),
    },
  ],
}
