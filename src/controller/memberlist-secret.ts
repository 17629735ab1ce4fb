/** The secret that the speakers' gossip is encrypted with: made once, where there is none. */
import { randomBytes } from 'node:crypto'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster } from '../ports/cluster.ts'
import { SECRETS } from '../ports/resources.ts'
import type { Owner } from './owner.ts'

/**
 * Returns true if it was made now. As in MetalLB: 16 random bytes as base64 without padding, under the
 * key `secretkey`, owned by the Deployment so that it goes with it.
 */
export async function ensureMemberlistSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
  owner: Pick<Owner, 'references'>,
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
      metadata: { namespace, name, ownerReferences: await owner.references() },
      data: { secretkey: Buffer.from(text).toString('base64') },
    })
    return true
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'AlreadyExists') return false
    throw error
  }
}
