/** An API server or a network that is ill, in front of a real API server: we recover, and say so once. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { KubeCluster } from '../../src/adapters/kube/cluster.ts'
import { ApiError } from '../../src/ports/cluster.ts'
import type { Change } from '../../src/ports/cluster.ts'
import { SECRETS } from '../../src/ports/resources.ts'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'
import { FaultyProxy, isWatch } from './faulty-proxy.ts'
import type { Fault } from './faulty-proxy.ts'
import { MemoryLog } from './memory-log.ts'

/**
 * As it is, but sooner: what takes 15 and 90 s in earnest takes 3 and 4 s here. Not less: a machine that stands
 * still for a moment would be told of as an API server that is away.
 */
const PATIENCE = { answerMs: 3000, silenceMs: 4000 }

let api: ApiServer
let proxy: FaultyProxy
/** Not by the proxy. */
let direct: KubeCluster
before(async () => {
  api = await ApiServer.start()
  proxy = await FaultyProxy.before(api)
  direct = api.connect(new MemoryLog())
})
after(async () => {
  proxy.close()
  await api.stop()
})
/** Of the test that runs: ended with it, or this process would never end. */
let stop = new AbortController()
afterEach(() => {
  proxy.fault = { kind: 'none' }
  stop.abort()
  stop = new AbortController()
})

let made = 0

/** Follows secrets through the proxy. */
async function follow() {
  const log = new MemoryLog()
  const cluster = new KubeCluster(proxy.kubeconfig, log, PATIENCE)
  const said: string[] = []
  const heard = (change: Change) =>
    said.push(change.kind === 'synced' ? 'synced' : `${change.kind} ${change.key}`)
  const followed = cluster.follow(SECRETS, { namespace: 'default' }, heard, stop.signal)
  await until('the list', () => followed.synced)
  await until('the watch', () => proxy.requests.some((line) => line.includes('watch=true')))
  /** Makes an object behind its back, and awaits that it is heard of. */
  const hears = async () => {
    const name = `made-${made++}`
    await direct.create(SECRETS, { metadata: { namespace: 'default', name }, data: {} })
    const key = `upsert default/${name}`
    await until(`${name} to be heard of`, () => said.includes(key))
    assert.equal(said.filter((line) => line === key).length, 1)
  }
  await hears()
  const heardOf = (name: string) => said.includes(`upsert default/${name}`)
  return { cluster, log, followed, hears, heardOf }
}

const only = (fault: Fault) => {
  proxy.requests.length = 0
  proxy.fault = fault
}

test('faults: a watch that has died in silence is noticed, and nothing that happened meanwhile is missed', async () => {
  const { hears, heardOf, log } = await follow()
  only({ kind: 'swallow' })
  const name = `made-${made++}`
  await direct.create(SECRETS, { metadata: { namespace: 'default', name }, data: {} })
  await until('another watch to be tried', () => proxy.requests.length > 0)
  proxy.fault = { kind: 'none' }
  await hears()
  assert.ok(heardOf(name))
  assert.ok(log.events().filter((event) => event === 'api-away').length <= 1)
})

test('faults: of a connection that is half open a refresh makes itself independent', async () => {
  const { followed } = await follow()
  only({ kind: 'swallow' })
  const name = `made-${made++}`
  await direct.create(SECRETS, { metadata: { namespace: 'default', name }, data: {} })
  const refreshed = followed.refresh()
  await until('a list to be asked for', () => proxy.requests.length > 0)
  proxy.fault = { kind: 'none' }
  await refreshed
  assert.ok(followed.objects.has(`default/${name}`))
})

for (const [what, fault] of [
  ['nothing is answered', { kind: 'swallow' }],
  ['every answer is 500', { kind: 'answer', status: 500 }],
  ['every answer is 503', { kind: 'answer', status: 503 }],
  ['every answer is 429', { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }],
] as const) {
  test(`faults: while ${what} it is told once, and when it is over once`, async () => {
    const { cluster, log, followed, hears } = await follow()
    only(fault)
    // It asks for a list at once, and goes on asking.
    void followed.refresh()
    await until('some tries', () => proxy.requests.length >= 3)
    const call = cluster.get(SECRETS, { namespace: 'default', name: 'x' })
    const status = fault.kind === 'answer' ? fault.status : 0
    await assert.rejects(call, (error) => error instanceof ApiError && error.status === status)
    proxy.fault = { kind: 'none' }
    await hears()
    await until('it to be over', () => log.events().includes('api-back'))
    assert.deepEqual(log.events(), ['api-away', 'api-back'])
  })
}

test('faults: Retry-After is honoured', async () => {
  const { followed, hears } = await follow()
  only({ kind: 'answer', status: 429, headers: { 'retry-after': '2' } })
  const startedAt = performance.now()
  void followed.refresh()
  await until('a second try', () => proxy.requests.length >= 2, { everyMs: 20 })
  const ms = performance.now() - startedAt
  assert.ok(ms >= 1990, `tried again after ${ms} ms`)
  proxy.fault = { kind: 'none' }
  await hears()
})

test('faults: a version that is too old is listed again, which is no trouble to tell of', async () => {
  const { hears, log, followed } = await follow()
  only({ kind: 'answer', status: 410, to: isWatch })
  void followed.refresh()
  await until(
    'it to be refused',
    () => proxy.requests.filter((line) => line.includes('watch=')).length >= 2,
  )
  proxy.fault = { kind: 'none' }
  await hears()
  assert.deepEqual(log.events(), [])
})

test('faults: a kind that it may not see is told as that, with the remedy', async () => {
  const { hears, log, followed } = await follow()
  only({ kind: 'answer', status: 403 })
  void followed.refresh()
  await until('it to be told', () => log.events().includes('api-refused'))
  assert.match(JSON.stringify(log.lines), /manifests\/bellwether.yaml/)
  proxy.fault = { kind: 'none' }
  // The watch of before may bring it sooner than the list that is asked for again.
  await hears()
  await until('it to be over', () => log.events().includes('api-allowed-again'))
  assert.deepEqual(log.events(), ['api-refused', 'api-allowed-again'])
})

test('faults: an API server that is slow is waited for', async () => {
  const { hears, log } = await follow()
  only({ kind: 'slow', ms: 500 })
  await hears()
  assert.deepEqual(log.events(), [])
})
