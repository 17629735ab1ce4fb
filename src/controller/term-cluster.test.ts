import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { ApiError } from '../ports/cluster.ts'
import { SECRETS } from '../ports/resources.ts'
import { TermCluster } from './term-cluster.ts'

const REF = { namespace: 'd', name: 'a' }

test('controller/term-cluster: after the term nothing is written, whatever it is; reading goes on', async () => {
  const real = new FakeCluster()
  const object = await real.create(SECRETS, { metadata: REF })
  let holds = true
  const results: string[] = []
  const witness = {
    updated: () => undefined,
    written: (resource: string, result: string) => results.push(`${resource} ${result}`),
  }
  const follow = real.follow.bind(real)
  const cluster = new TermCluster(real, follow, { holds: () => holds }, witness)
  await cluster.patch(SECRETS, REF, { data: {} })
  real.failures.push(new ApiError(409, 'Conflict', ''), new ApiError(500, '', ''))
  await assert.rejects(cluster.update(SECRETS, object))
  await assert.rejects(cluster.update(SECRETS, object))
  assert.deepEqual(results.splice(0), ['secrets ok', 'secrets conflict', 'secrets failed'])
  holds = false
  const calls = real.calls.length
  for (const write of [
    () => cluster.create(SECRETS, { metadata: { namespace: 'd', name: 'b' } }),
    () => cluster.update(SECRETS, object),
    () => cluster.updateStatus(SECRETS, object),
    () => cluster.patch(SECRETS, REF, {}),
    () => cluster.delete(SECRETS, REF),
  ]) {
    await assert.rejects(write, (error) => error instanceof ApiError && error.reason === 'Deposed')
  }
  assert.equal(real.calls.length, calls)
  assert.deepEqual(new Set(results), new Set(['secrets deposed']))
  assert.equal((await cluster.get(SECRETS, REF)).metadata.name, 'a')
  assert.equal((await cluster.list(SECRETS, {})).length, 1)
})
