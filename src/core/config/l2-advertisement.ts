/** L2Advertisement: which pools are announced by ARP and ND, where, for whom (metallb.io/v1beta1). */
import * as z from 'zod'
import type { Kind } from './schema.ts'
import { labelSelector, labelSelectors, nameSet } from './schema.ts'

const preferredNode = z.object({
  weight: z
    .number()
    .int()
    .min(1)
    .max(100)
    .meta({ format: 'int32' })
    .describe('Added to the weight of the nodes that the preference selects.'),
  preference: labelSelector.describe('The preferred nodes.'),
})

export const l2AdvertisementSpec = z.object({
  ipAddressPools: nameSet(
    'Names of the pools to announce; without names and selectors, all pools.',
  ),
  ipAddressPoolSelectors: labelSelectors('Selectors of the pools to announce, by their labels.'),
  nodeSelectors: labelSelectors('Nodes that may announce; absent: all.'),
  interfaces: nameSet('Interfaces to announce on, by exact name; absent: all that qualify.'),
  serviceSelectors: labelSelectors('Services to announce; absent: all.'),
  preferredNodeSelectors: z
    .array(preferredNode)
    .max(1024)
    .optional()
    .describe('Nodes that are elected before others, by the sum of the weights.'),
})

export const L2_ADVERTISEMENT: Kind = {
  kind: 'L2Advertisement',
  plural: 'l2advertisements',
  version: 'v1beta1',
  description: 'Announces the addresses of pools on the local network by ARP and ND.',
  columns: [
    { name: 'IPAddressPools', type: 'string', jsonPath: '.spec.ipAddressPools' },
    {
      name: 'IPAddressPool Selectors',
      type: 'string',
      jsonPath: '.spec.ipAddressPoolSelectors',
    },
    { name: 'Interfaces', type: 'string', jsonPath: '.spec.interfaces' },
    { name: 'Node Selectors', type: 'string', jsonPath: '.spec.nodeSelectors', priority: 10 },
  ],
  spec: l2AdvertisementSpec,
  status: z.object({}),
}
