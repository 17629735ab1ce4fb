/** A Lease (coordination.k8s.io/v1) as far as an election reads and writes it. */
import * as z from 'zod'

const leaseSpec = z.object({
  /** '' where it was given back. */
  holderIdentity: z.string().nullish(),
  leaseDurationSeconds: z.number().nullish(),
  acquireTime: z.string().nullish(),
  renewTime: z.string().nullish(),
  leaseTransitions: z.number().nullish(),
})

export type LeaseSpec = z.infer<typeof leaseSpec>

/** The spec of a Lease, or an empty one where there is none that can be read. */
export function parseLeaseSpec(object: { readonly [field: string]: unknown }): LeaseSpec {
  const parsed = leaseSpec.safeParse(object['spec'])
  return parsed.success ? parsed.data : {}
}
