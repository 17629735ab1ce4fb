import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { ApiError } from '../ports/cluster.ts'
import { SECRETS } from '../ports/resources.ts'
import { ensureMemberlistSecret } from './memberlist-secret.ts'

const REFERENCE = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'controller',
  uid: 'u',
  blockOwnerDeletion: false,
}
const owner = { references: () => Promise.resolve([REFERENCE]) }
const ensure = (cluster: FakeCluster) => ensureMemberlistSecret(cluster, 'm', 'memberlist', owner)

test('controller/memberlist-secret: of two that look at once one makes it, and the other finds it', async () => {
  const cluster = new FakeCluster()
  const both = await Promise.all([ensure(cluster), ensure(cluster)])
  assert.deepEqual(both.sort(), [false, true])
  const [secret, ...others] = await cluster.list(SECRETS, {})
  assert.equal(others.length, 0)
  assert.deepEqual(secret?.metadata.ownerReferences, [REFERENCE])
  assert.equal(await ensure(cluster), false)
})

test('controller/memberlist-secret: no other refusal is taken for its being there', async () => {
  for (const error of [new ApiError(409, 'Conflict', 'no'), new ApiError(403, 'Forbidden', 'no')]) {
    const cluster = new FakeCluster()
    cluster.failures.push(new ApiError(404, 'NotFound', 'none'), error)
    await assert.rejects(ensure(cluster), error)
  }
  const cluster = new FakeCluster()
  cluster.failures.push(new ApiError(500, '', 'ill'))
  await assert.rejects(ensure(cluster), /ill/)
  assert.deepEqual(cluster.calls, ['get secrets m/memberlist'])
})
