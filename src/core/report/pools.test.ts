import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePool } from '../config/parse-pool.ts'
import { parseService } from '../config/service.ts'
import { poolsReport } from './pools.ts'
import type { PoolInput } from './pools.ts'

const pool = (name: string, ...addresses: string[]) =>
  parsePool({ metadata: { name }, spec: { addresses } }, []) ?? assert.fail('a pool')

const service = (name: string, ...ips: string[]) =>
  parseService({
    metadata: { namespace: 'd', name },
    spec: { type: 'LoadBalancer' },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  }) ?? assert.fail('a Service')

function report(input: Partial<Omit<PoolInput, 'pools'>>, ...pools: ReturnType<typeof pool>[]) {
  return poolsReport({
    pools: new Map(pools.map((it) => [it.name, it])),
    annotations: new Map(),
    kept: [],
    services: [],
    nodes: undefined,
    ...input,
  })
}

test('report/pools: a shared address is one that is used; reserved and kept ones are not free', () => {
  const { pools, holders } = report(
    {
      annotations: new Map([['p', { 'bellwether.io/reserved-addresses': '10.0.0.0' }]]),
      kept: [
        { pool: 'p', service: 'd/gone', addresses: ['10.0.0.7'], until: '2030-01-01T00:00:00Z' },
      ],
      services: [service('a', '10.0.0.3'), service('b', '10.0.0.3'), service('c', '10.0.0.4')],
      nodes: new Map([['d/b', 'w1']]),
    },
    pool('p', '10.0.0.0/29'),
  )
  assert.deepEqual(pools[0]?.ipv4, { used: 2, free: 4, total: 8 })
  assert.equal(pools[0]?.ipv6, undefined)
  assert.equal(pools[0]?.kept[0]?.service, 'd/gone')
  assert.deepEqual(holders, [
    { address: '10.0.0.3', pool: 'p', services: ['d/a', 'd/b'], node: 'w1' },
    { address: '10.0.0.4', pool: 'p', services: ['d/c'], node: null },
  ])
})

test('report/pools: addresses that are in no pool are told apart', () => {
  const { holders, strangers } = report(
    { services: [service('a', '192.0.2.1')] },
    pool('p', '10.0.0.0/29'),
  )
  assert.deepEqual(holders, [])
  assert.deepEqual(strangers, [{ address: '192.0.2.1', services: ['d/a'] }])
})

test('report/pools: more addresses than a number can tell apart are given by their digits', () => {
  const { pools } = report({ services: [service('a', 'fd00::1')] }, pool('p', 'fd00::/64'))
  assert.deepEqual(pools[0]?.ipv6, {
    used: 1,
    free: '18446744073709551615',
    total: '18446744073709551616',
  })
})
