/** An EndpointSlice as it comes from the API server, reduced to what the election sees. */
import * as z from 'zod'
import type { Endpoint } from './model.ts'

const schema = z.object({
  metadata: z.object({
    namespace: z.string(),
    labels: z.object({ 'kubernetes.io/service-name': z.string() }),
  }),
  endpoints: z
    .array(
      z.object({
        nodeName: z.string().nullish(),
        conditions: z
          .object({ ready: z.boolean().nullish(), serving: z.boolean().nullish() })
          .prefault({}),
      }),
    )
    .nullish(),
})

export interface EndpointSlice {
  /** `namespace/name` of the Service. */
  readonly service: string
  readonly endpoints: readonly Endpoint[]
}

/** Undefined for a slice that belongs to no Service. */
export function parseEndpointSlice(object: unknown): EndpointSlice | undefined {
  const parsed = schema.safeParse(object)
  if (!parsed.success) return undefined
  const { metadata, endpoints } = parsed.data
  return {
    service: `${metadata.namespace}/${metadata.labels['kubernetes.io/service-name']}`,
    endpoints: (endpoints ?? []).map(({ nodeName, conditions }) => ({
      ...(nodeName ? { nodeName } : {}),
      // Ready unset counts as ready; a terminating one that still serves counts too.
      serving: conditions.ready !== false || conditions.serving === true,
    })),
  }
}
