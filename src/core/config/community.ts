/** Community: names for BGP communities (metallb.io/v1beta1). */
import * as z from 'zod'
import { COMMUNITY_RULES } from './cel.ts'
import type { Kind } from './schema.ts'
import { rules } from './schema.ts'

export const communitySpec = z.object({
  communities: z
    .array(
      z.object({
        name: z.string().min(1).max(253).describe('The alias.'),
        value: z
          .string()
          .max(64)
          .meta(rules(...COMMUNITY_RULES))
          .describe('A:B of two 16-bit numbers, or large:A:B:C of three 32-bit ones.'),
      }),
    )
    .max(1024)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .describe('Aliases, each name once.'),
})

export const COMMUNITY: Kind = {
  kind: 'Community',
  plural: 'communities',
  version: 'v1beta1',
  description: 'Names for BGP communities, for BGPAdvertisements to refer to.',
  columns: [],
  spec: communitySpec,
  status: z.object({}),
}
