import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import type { Change } from '../ports/cluster.ts'
import { SECRETS } from '../ports/resources.ts'
import { WarmCache } from './warm-cache.ts'

const SCOPE = { namespace: 'd' }
const secret = (name: string) => ({ metadata: { namespace: 'd', name } })

function setUp() {
  const cluster = new FakeCluster()
  let follows = 0
  const counting = {
    follow: (...args: Parameters<FakeCluster['follow']>) => {
      follows++
      return cluster.follow(...args)
    },
  }
  const cache = new WarmCache(counting, new AbortController().signal)
  const join = () => {
    const stop = new AbortController()
    const said: string[] = []
    const heard = (change: Change) =>
      said.push(change.kind === 'synced' ? 'synced' : `${change.kind} ${change.key}`)
    const followed = cache.follow(SECRETS, SCOPE, heard, stop.signal)
    return { said, followed, stop: () => stop.abort() }
  }
  return { cluster, cache, join, follows: () => follows }
}

test('warm-cache: who comes is told all that there is, then synced, then changes; the API is followed once', async () => {
  const { cluster, cache, join, follows } = setUp()
  assert.equal(cache.knows(SECRETS, SCOPE), false)
  await cluster.create(SECRETS, secret('a'))
  cache.keep(SECRETS, SCOPE)
  await settle()
  assert.equal(cache.knows(SECRETS, SCOPE), true)
  await cluster.create(SECRETS, secret('b'))
  const first = join()
  assert.equal(first.followed.synced, false)
  await settle()
  assert.deepEqual(first.said, ['upsert d/a', 'upsert d/b', 'synced'])
  assert.equal(first.followed.synced, true)
  await cluster.delete(SECRETS, { namespace: 'd', name: 'a' })
  assert.equal(first.said.at(-1), 'delete d/a')
  const second = join()
  await settle()
  assert.deepEqual(second.said, ['upsert d/b', 'synced'])
  assert.equal(follows(), 1)
})

test('warm-cache: who has gone hears nothing, and what is known stays', async () => {
  const { cluster, join } = setUp()
  const early = join()
  early.stop()
  await cluster.create(SECRETS, secret('a'))
  await settle()
  assert.deepEqual(early.said, [])
  const { said, stop } = join()
  await settle()
  stop()
  await cluster.create(SECRETS, secret('b'))
  assert.deepEqual(said, ['upsert d/a', 'synced'])
})
