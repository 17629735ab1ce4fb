/** Whose the objects are that the controllers make for themselves: the Deployment's, and only what they made. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { ApiError } from '../ports/cluster.ts'
import { DEPLOYMENTS } from '../ports/resources.ts'
import { Owner } from './owner.ts'

const REF = { namespace: 'm', name: 'controller' }

async function setUp() {
  const cluster = new FakeCluster()
  const { metadata } = await cluster.create(DEPLOYMENTS, { metadata: REF })
  const log = new MemoryLog()
  return { cluster, log, uid: metadata.uid, owner: new Owner(cluster, log, 'm', 'controller') }
}

test('controller/owner: it is the Deployment, whose deletion waits for nothing of it', async () => {
  const { uid, owner } = await setUp()
  assert.deepEqual(await owner.references(), [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'controller',
      uid,
      blockOwnerDeletion: false,
    },
  ])
})

test('controller/owner: what is made while the Deployment is gone goes too; one made again is the owner', async () => {
  const { cluster, uid, owner } = await setUp()
  await owner.references()
  await cluster.delete(DEPLOYMENTS, REF)
  assert.deepEqual(
    (await owner.references()).map((it) => it.uid),
    [uid],
  )
  const again = await cluster.create(DEPLOYMENTS, { metadata: REF })
  assert.deepEqual(
    (await owner.references()).map((it) => it.uid),
    [again.metadata.uid],
  )
})

for (const status of [401, 403, 404]) {
  test(`controller/owner: with an answer of ${status} there is none, and nobody is alarmed`, async () => {
    const { cluster, log, owner } = await setUp()
    cluster.failures.push(new ApiError(status, '', 'no'))
    assert.deepEqual(await owner.references(), [])
    assert.deepEqual(
      log.lines.map(({ level, event }) => [level, event]),
      [['debug', 'owner-unknown']],
    )
  })
}

test('controller/owner: an API server that is ill is asked again by whoever asks', async () => {
  const { cluster, owner } = await setUp()
  cluster.failures.push(new ApiError(500, '', 'ill'))
  await assert.rejects(owner.references(), /ill/)
  assert.equal((await owner.references()).length, 1)
})

test('controller/owner: it is learnt at a start, however often the API server has to be asked', async () => {
  const { cluster, uid, owner } = await setUp()
  const clock = new FakeClock()
  cluster.failures.push(new ApiError(500, '', 'ill'), new ApiError(0, '', 'away'))
  const learnt = owner.learn(clock, new AbortController().signal)
  await settle()
  await clock.advance(4000)
  await learnt
  await cluster.delete(DEPLOYMENTS, REF)
  assert.deepEqual(
    (await owner.references()).map((it) => it.uid),
    [uid],
  )
})

test('controller/owner: without a Deployment nobody is asked', async () => {
  const { cluster, log } = await setUp()
  const calls = cluster.calls.length
  assert.deepEqual(await new Owner(cluster, log, 'm', '').references(), [])
  assert.equal(cluster.calls.length, calls)
})
