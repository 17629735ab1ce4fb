import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { DEPLOYMENTS } from '../ports/resources.ts'
import { predecessorRuns } from './predecessor.ts'

for (const [what, status, expected] of [
  ['a roll-out that is done', { observedGeneration: 2, replicas: 2, updatedReplicas: 2 }, false],
  ['one old pod left', { observedGeneration: 2, replicas: 3, updatedReplicas: 2 }, true],
  [
    'an old pod that is about to end',
    { observedGeneration: 2, replicas: 2, updatedReplicas: 2, terminatingReplicas: 1 },
    true,
  ],
  [
    'a roll-out that has not begun',
    { observedGeneration: 1, replicas: 1, updatedReplicas: 1 },
    true,
  ],
  ['a Deployment that nobody looks after', {}, false],
] as const) {
  test(`controller/predecessor: ${what}: ${expected ? 'wait' : 'go on'}`, async () => {
    const cluster = new FakeCluster()
    const metadata = { namespace: 'm', name: 'controller', generation: 2 }
    await cluster.create(DEPLOYMENTS, { metadata, status })
    assert.equal(await predecessorRuns(cluster, 'm', 'controller'), expected)
  })
}

test('controller/predecessor: without a Deployment nobody is waited for', async () => {
  assert.equal(await predecessorRuns(new FakeCluster(), 'm', 'controller'), false)
  assert.equal(await predecessorRuns(new FakeCluster(), 'm', ''), false)
})
