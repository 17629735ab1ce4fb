/** Which configuration a speaker uses, and what it says of the one it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import type { Problem } from '../core/config/model.ts'
import type { Candidacy } from '../core/election/candidacy.ts'
import {
  ENDPOINT_SLICES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NODES,
  SERVICES,
} from '../ports/resources.ts'
import { CandidacyTable } from './candidacy-table.ts'
import { Reconciler } from './reconcile.ts'

const namespace = 'metallb-system'
const pool = (name: string, ...addresses: string[]) => ({
  metadata: { name, namespace },
  spec: { addresses },
})

/** A speaker on w1 that announces default/nginx at 10.0.0.1. */
async function setUp() {
  const cluster = new FakeCluster()
  const said: (readonly Problem[] | undefined)[] = []
  let candidacies: readonly Candidacy[] = []
  const stop = new AbortController()
  await cluster.create(NODES, { metadata: { name: 'w1' } })
  await cluster.create(IP_ADDRESS_POOLS, pool('a', '10.0.0.0/24'))
  await cluster.create(L2_ADVERTISEMENTS, { metadata: { name: 'ad', namespace }, spec: {} })
  await cluster.create(SERVICES, {
    metadata: { name: 'nginx', namespace: 'default' },
    spec: { type: 'LoadBalancer', clusterIP: '10.96.0.1' },
    status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
  })
  await cluster.create(ENDPOINT_SLICES, {
    metadata: {
      name: 'nginx-1',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'nginx' },
    },
    endpoints: [{ nodeName: 'w1', conditions: { ready: true } }],
  })
  const table = new CandidacyTable({
    self: 'w1',
    ignoreExcludeLabel: false,
    loadBalancerClass: undefined,
    isShared: () => false,
  })
  new Reconciler(
    cluster,
    table,
    new MemoryLog(),
    { namespace, podLabels: '', clock: new FakeClock() },
    {
      candidacies: (list) => void (candidacies = list),
      refusals: () => undefined,
      speakers: () => undefined,
      configuration: (problems) => said.push(problems),
      updated: () => undefined,
    },
    stop.signal,
  )
  await settle()
  return { cluster, said, candidacies: () => candidacies, stop: () => stop.abort() }
}

test('speaker/reconcile: a configuration with a problem is not used, the last good one stays', async () => {
  const it = await setUp()
  assert.deepEqual(it.said.at(-1), undefined)
  assert.equal(it.candidacies().length, 1)
  await it.cluster.create(IP_ADDRESS_POOLS, pool('b', 'banana'))
  await settle()
  assert.equal(it.said.at(-1)?.[0]?.where, 'IPAddressPool/b')
  assert.equal(it.candidacies().length, 1)
  await it.cluster.delete(IP_ADDRESS_POOLS, { namespace, name: 'b' })
  await settle()
  assert.equal(it.said.at(-1), undefined)
  it.stop()
})

test('speaker/reconcile: one that would orphan an announced address is refused until the address is gone', async () => {
  const it = await setUp()
  await it.cluster.patch(IP_ADDRESS_POOLS, { namespace, name: 'a' }, pool('a', '10.1.0.0/24'))
  await settle()
  assert.equal(it.said.at(-1)?.[0]?.where, 'Service/default/nginx')
  assert.equal(it.candidacies().length, 1)
  const status = { loadBalancer: { ingress: null } }
  await it.cluster.patch(SERVICES, { namespace: 'default', name: 'nginx' }, { status })
  await settle()
  await it.cluster.patch(NODES, { name: 'w1' }, { metadata: { labels: { touched: 'yes' } } })
  await settle()
  assert.equal(it.said.at(-1), undefined)
  assert.equal(it.candidacies().length, 0)
  it.stop()
})
