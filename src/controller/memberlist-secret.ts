/** The secret that the speakers' gossip is encrypted with: made once, where there is none. */
import { randomBytes } from 'node:crypto'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster } from '../ports/cluster.ts'
import { DEPLOYMENTS, SECRETS } from '../ports/resources.ts'

/**
 * Returns true if it was made now. As in MetalLB: 16 random bytes as base64 without padding, under the
 * key `secretkey`, owned by the Deployment so that it goes with it.
 */
export async function ensureMemberlistSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
  deployment: string,
): Promise<boolean> {
  try {
    await cluster.get(SECRETS, { namespace, name })
    return false
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
  }
  const text = randomBytes(16).toString('base64').replace(/=+$/, '')
  try {
    await cluster.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        namespace,
        name,
        ownerReferences:
          deployment === '' ? [] : [await ownerReference(cluster, namespace, deployment)],
      },
      data: { secretkey: Buffer.from(text).toString('base64') },
    })
    return true
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'AlreadyExists') return false
    throw error
  }
}

async function ownerReference(cluster: Cluster, namespace: string, name: string): Promise<object> {
  const { metadata } = await cluster.get(DEPLOYMENTS, { namespace, name })
  return { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: metadata.uid }
}
