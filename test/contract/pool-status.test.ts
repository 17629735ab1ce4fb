/** What the status of a pool says, and what of it outlives a controller, against a real API server. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/adapters/clock.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import { IP_ADDRESS_POOLS, SERVICES } from '../../src/ports/resources.ts'
import { ingressOf, reconcile } from '../fakes/controller.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { NAMESPACE, installed } from './installed.ts'
import { MemoryLog } from './memory-log.ts'

let api: ApiServer
let cluster: Cluster
before(async () => {
  api = await installed()
  cluster = api.connect(new MemoryLog())
})
after(() => api.stop())

function start() {
  const log = new MemoryLog()
  const notices: string[] = []
  const on = { cluster: api.connect(log), clock: systemClock, log }
  return { notices, ...reconcile(on, (_name, { reason }) => void notices.push(reason)) }
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
