/** A leader with webhooks, as main wires it: what it follows, and what it can do without. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { startController } from '../../test/fakes/running-controller.ts'
import { SERVICES } from '../ports/resources.ts'
import { startWebhooks } from './webhooks.ts'

const WEBHOOKS = {
  namespace: 'm',
  webhookPort: 0,
  webhookHttp2: false,
  certRotation: false,
  certDirectory: '/nonexistent',
  certServiceName: '',
  webhookSecret: '',
} as const

class CountingCluster extends FakeCluster {
  /** `services {}`, in order. */
  readonly followed: string[] = []

  override follow(...args: Parameters<FakeCluster['follow']>) {
    const [resource, scope] = args
    this.followed.push(`${resource.plural} ${JSON.stringify(scope)}`)
    return super.follow(...args)
  }
}

async function start(cluster: CountingCluster) {
  const on = { cluster, clock: new FakeClock(), log: new MemoryLog() }
  const options = { namespace: 'm', secretName: '', deployment: '' }
  const it = startController(on, { options })
  const { cache, owner, signal } = it
  const webhooks = startWebhooks({ ...on, cache, owner, options: WEBHOOKS }, signal)
  await settle()
  await on.clock.advance(2000)
  return { ...it, webhooks }
}

test('controller/run: a leader with webhooks follows each kind once', async () => {
  const cluster = new CountingCluster()
  const it = await start(cluster)
  assert.ok(it.log.events().includes('leading'))
  assert.deepEqual(it.controller.notReady(), [])
  assert.ok(cluster.followed.length >= 10, cluster.followed.join())
  assert.deepEqual([...new Set(cluster.followed)].sort(), [...cluster.followed].sort())
  void it.stop()
})

test('controller/run: a leader and its webhooks are ready where definitions are missing that neither needs', async () => {
  const cluster = new CountingCluster()
  const optional = ['bgppeers', 'bgpadvertisements', 'bfdprofiles', 'communities']
  for (const plural of [...optional, 'configurationstates']) cluster.unserved.add(plural)
  const it = await start(cluster)
  assert.ok(it.log.events().includes('first-pass-done'))
  assert.deepEqual(it.controller.notReady(), [])
  assert.deepEqual(it.webhooks.notReady(), ['webhooks not served yet'])
  void it.stop()
})

test('controller/run: it is not ready before it knows the pools, and says so', async () => {
  const cluster = new CountingCluster()
  cluster.unserved.add('ipaddresspools')
  await cluster.create(SERVICES, { metadata: { namespace: 'd', name: 's' } })
  const it = await start(cluster)
  assert.deepEqual(it.controller.notReady(), ['ipaddresspools not listed yet'])
  assert.ok(!it.log.events().includes('first-pass-done'))
  void it.stop()
})
