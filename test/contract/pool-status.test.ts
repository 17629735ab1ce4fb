/** What the status of a pool says, and what of it outlives a controller, against a real API server. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/adapters/clock.ts'
import { PoolStatusWriter } from '../../src/controller/pool-status.ts'
import { Reconciler } from '../../src/controller/reconcile.ts'
import { ServiceWriter } from '../../src/controller/service-writer.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import { IP_ADDRESS_POOLS, SERVICES } from '../../src/ports/resources.ts'
import { ingressOf } from '../fakes/controller.ts'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'
import { MemoryLog } from './memory-log.ts'

const NAMESPACE = 'metallb-system'

let api: ApiServer
let cluster: Cluster
before(async () => {
  api = await ApiServer.start()
  await api.apply(readFileSync(new URL('../../manifests/bellwether.yaml', import.meta.url), 'utf8'))
  cluster = api.connect(new MemoryLog())
  await until('the kinds to be served', () =>
    cluster.list(IP_ADDRESS_POOLS, { namespace: NAMESPACE }),
  )
})
after(() => api.stop())

/** Reconciler and writers, without what a whole controller has around them. */
function start() {
  const log = new MemoryLog()
  const following = new AbortController()
  const own = api.connect(log)
  const services = new ServiceWriter(own, systemClock, log)
  const statuses = new PoolStatusWriter(own, systemClock, log, NAMESPACE)
  const notices: string[] = []
  new Reconciler(
    own,
    log,
    { namespace: NAMESPACE, loadBalancerClass: undefined },
    {
      assign: (key, object, assignment) => services.want(key, object, assignment),
      forget: (key) => services.forget(key),
      notice: (_object, _resource, { reason }) => void notices.push(reason),
      usage: (_allocator, objects, reports) => statuses.want(reports, objects),
    },
    following.signal,
    systemClock,
  )
  return {
    notices,
    async stop() {
      following.abort()
      await statuses.close()
      await services.close()
    },
  }
}

const create = (name: string, spec: object = {}) =>
  cluster.create(SERVICES, {
    metadata: { namespace: 'default', name },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
  })
const addressOf = async (name: string) =>
  ingressOf(await cluster.get(SERVICES, { namespace: 'default', name }))[0]
const status = async () =>
  (await cluster.get(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name: 'p' }))['status'] as
    Record<string, unknown> | undefined

test('pool-status: columns, holders, a warning, and an address kept over a restart', async () => {
  await api.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: {
      name: 'p',
      namespace: NAMESPACE,
      annotations: {
        'bellwether.io/keep-addresses': '1h',
        'bellwether.io/list-holders': 'true',
        'bellwether.io/warn-at-usage': '50',
        'bellwether.io/reserved-addresses': '10.110.0.2',
      },
    },
    spec: { addresses: ['10.110.0.0/30'] },
  })
  const first = start()
  await create('a')
  await create('b', { loadBalancerIP: '10.110.0.3' })
  await until('both to be listed', async () => {
    const holders = (await status())?.['holders'] as { address: string; services: string[] }[]
    return (
      holders?.map(({ address, services }) => `${address} ${services.join()}`).join() ===
      '10.110.0.0 default/a,10.110.0.3 default/b'
    )
  })
  const table = await api.kubectl('-n', NAMESPACE, 'get', 'ipaddresspools')
  assert.match(table, /ADDRESSES +USED +FREE +TOTAL/)
  assert.match(table, /p .*\["10\.110\.0\.0\/30"\] +2 +1 +4/)
  const said = (await status())?.['conditions'] as {
    type: string
    status: string
    reason: string
  }[]
  assert.deepEqual(
    said.map((it) => [it.type, it.status, it.reason]),
    [['UsageHigh', 'True', 'AtLeast50Percent']],
  )
  assert.deepEqual(first.notices.filter((reason) => reason === 'UsageHigh').length, 1)

  await cluster.delete(SERVICES, { namespace: 'default', name: 'b' })
  await until('it to be kept', async () => {
    const kept = (await status())?.['kept'] as { service: string; addresses: string[] }[]
    return kept?.[0]?.service === 'default/b' && kept[0].addresses[0] === '10.110.0.3'
  })
  await first.stop()
  const second = start()
  try {
    await create('c')
    await until('c to have an address', async () => (await addressOf('c')) === '10.110.0.1')
    await create('b')
    await until('b to have its own again', async () => (await addressOf('b')) === '10.110.0.3')
    assert.ok(!second.notices.includes('UsageHigh'), 'what was told is not told again')
    await until('nothing to be kept', async () => {
      const kept = (await status())?.['kept'] as unknown[]
      return kept?.length === 0
    })
  } finally {
    await second.stop()
  }
})
