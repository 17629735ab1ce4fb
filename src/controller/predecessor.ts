/** Whoever leads without a Lease: MetalLB's controller, or one of ours from before there were two. */
import * as z from 'zod'
import type { Cluster } from '../ports/cluster.ts'
import { DEPLOYMENTS } from '../ports/resources.ts'

const Rollout = z.object({
  metadata: z.object({ generation: z.number().default(0) }),
  status: z.object({
    observedGeneration: z.number(),
    /** Pods of any template, and of the newest. */
    replicas: z.number().default(0),
    updatedReplicas: z.number().default(0),
    /** Pods that are about to end, where the API server counts them. */
    terminatingReplicas: z.number().default(0),
  }),
})

/**
 * True while pods of an earlier template of the Deployment may run. They go when we are ready, so whoever
 * waits for that waits seconds. False where it cannot be told.
 */
export async function predecessorRuns(
  cluster: Pick<Cluster, 'get'>,
  namespace: string,
  deployment: string,
): Promise<boolean> {
  if (deployment === '') return false
  try {
    const object = await cluster.get(DEPLOYMENTS, { namespace, name: deployment })
    const { metadata, status } = Rollout.parse(object)
    const { observedGeneration, replicas, updatedReplicas, terminatingReplicas } = status
    return (
      observedGeneration < metadata.generation ||
      replicas > updatedReplicas ||
      terminatingReplicas > 0
    )
  } catch {
    return false
  }
}
