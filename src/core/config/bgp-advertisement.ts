/** BGPAdvertisement: which pools are announced by BGP, and how (metallb.io/v1beta1). */
import * as z from 'zod'
import { COMMUNITY_OR_ALIAS_RULES } from './cel.ts'
import type { Kind } from './schema.ts'
import { asSet, labelSelectors, nameSet, rules } from './schema.ts'

const length = (most: number, family: string) =>
  z
    .number()
    .int()
    .min(1)
    .max(most)
    .default(most)
    .meta({ format: 'int32' })
    .describe(`Length of the ${family} prefixes that are announced instead of single addresses.`)

export const bgpAdvertisementSpec = z
  .object({
    aggregationLength: length(32, 'IPv4'),
    aggregationLengthV6: length(128, 'IPv6'),
    localPref: z
      .number()
      .int()
      .min(0)
      .max(4_294_967_295)
      .optional()
      .meta({ format: 'int64' })
      .describe('BGP LOCAL_PREF of the routes; for peers of the own AS only.'),
    communities: z
      .array(
        z
          .string()
          .max(253)
          .meta(rules(...COMMUNITY_OR_ALIAS_RULES)),
      )
      .max(256)
      .optional()
      .meta(asSet)
      .describe(
        'Communities of the routes: A:B, large:A:B:C, or the name of an alias (Community).',
      ),
    ipAddressPools: nameSet(
      'Names of the pools to announce; without names and selectors, all pools.',
    ),
    ipAddressPoolSelectors: labelSelectors('Selectors of the pools to announce, by their labels.'),
    nodeSelectors: labelSelectors('Nodes that are next hops; absent: all.'),
    peers: nameSet('Names of the BGPPeers to announce to; absent: all.'),
    serviceSelectors: labelSelectors('Services to announce; absent: all.'),
  })
  .meta(
    rules({
      rule: '!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || ((!has(self.aggregationLength) || self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))',
      message:
        'aggregationLength and aggregationLengthV6 cannot be set when serviceSelectors is used',
    }),
  )

export const BGP_ADVERTISEMENT: Kind = {
  kind: 'BGPAdvertisement',
  plural: 'bgpadvertisements',
  version: 'v1beta1',
  description: 'Announces the addresses of pools to routers by BGP.',
  columns: [
    { name: 'IPAddressPools', type: 'string', jsonPath: '.spec.ipAddressPools' },
    {
      name: 'IPAddressPool Selectors',
      type: 'string',
      jsonPath: '.spec.ipAddressPoolSelectors',
    },
    { name: 'Peers', type: 'string', jsonPath: '.spec.peers' },
    { name: 'Node Selectors', type: 'string', jsonPath: '.spec.nodeSelectors', priority: 10 },
  ],
  spec: bgpAdvertisementSpec,
  status: z.object({}),
}
