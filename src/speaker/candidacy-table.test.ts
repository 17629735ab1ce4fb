import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config, Node, Service } from '../core/config/model.ts'
import { parseRange } from '../core/net/range.ts'
import { CandidacyTable } from './candidacy-table.ts'
import type { Changes } from './candidacy-table.ts'

function config(addresses: string): Config {
  const range = parseRange(addresses)
  assert.ok(range.ok)
  const pool = {
    name: 'pool',
    labels: {},
    ranges: [range.value],
    autoAssign: true,
    avoidBuggyIPs: false,
  }
  const ad = {
    name: 'ad',
    pools: ['pool'],
    nodeSelectors: [],
    interfaces: [],
    serviceSelectors: [],
    preferredNodeSelectors: [],
  }
  return { pools: new Map([['pool', pool]]), l2Advertisements: [ad] }
}

const service = (name: string, ip: string, loadBalancerClass?: string): Service => ({
  key: `default/${name}`,
  namespace: 'default',
  name,
  labels: {},
  annotations: {},
  type: 'LoadBalancer',
  clusterIPs: [],
  ipFamilies: [4],
  ipFamilyPolicy: 'SingleStack',
  externalTrafficPolicy: 'Cluster',
  selector: {},
  ports: [],
  ingress: [ip],
  ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
})

const node = (name: string): Node => ({ name, labels: {}, networkUnavailable: false })

function table(loadBalancerClass?: string): CandidacyTable {
  const options = { self: 'w1', ignoreExcludeLabel: false, isShared: () => false }
  const table = new CandidacyTable({ ...options, loadBalancerClass })
  table.setNode('w1', node('w1'))
  table.setConfig(config('10.0.0.0/24'))
  return table
}

const serve = (table: CandidacyTable, name: string, ip: string, loadBalancerClass?: string) => {
  table.setService(`default/${name}`, service(name, ip, loadBalancerClass))
  table.setEndpoints(`default/${name}`, `default/${name}-slice`, [
    { nodeName: 'w1', serving: true },
  ])
}

/** Of the candidacies, if they changed. */
const services = ({ candidacies }: Changes) => candidacies?.map(({ service }) => service)

const refusals = (changes: Changes) =>
  changes.refusals && Array.from(changes.refusals, ([key, { refusal }]) => [key, refusal])

test('speaker/table: candidacies come and go with Services and endpoints', () => {
  const it = table()
  serve(it, 'b', '10.0.0.2')
  serve(it, 'a', '10.0.0.1')
  assert.deepEqual(services(it.compute()), ['default/a', 'default/b'])
  it.setEndpoints('default/a', 'default/a-slice', undefined)
  assert.deepEqual(services(it.compute()), ['default/b'])
  assert.equal(it.reason('default/a'), 'noEndpoints')
  it.setService('default/b', undefined)
  assert.deepEqual(services(it.compute()), [])
})

test('speaker/table: the oldest Service comes first, and each address has a home', () => {
  const it = table()
  for (const [name, ip, creationTimestamp] of [
    ['a', '10.0.0.1', '2026-11-28T10:00:02Z'],
    ['b', '10.0.0.2', '2026-11-28T10:00:01Z'],
    ['c', '10.0.0.3', '2026-11-28T10:00:02Z'],
  ] as const) {
    serve(it, name, ip)
    it.setService(`default/${name}`, { ...service(name, ip), creationTimestamp })
  }
  const changes = it.compute()
  assert.deepEqual(services(changes), ['default/b', 'default/a', 'default/c'])
  assert.deepEqual(changes.candidacies?.[0]?.seat, { group: '10.0.0.2', home: 'w1' })
})

test('speaker/table: a Service without endpoints is refused, and keeps its seat', () => {
  const it = table()
  it.setNode('w2', node('w2'))
  serve(it, 'a', '10.0.0.1')
  serve(it, 'b', '10.0.0.2')
  const before = it.compute().candidacies?.at(-1)?.seat
  it.setEndpoints('default/a', 'default/a-slice', undefined)
  const changes = it.compute()
  assert.deepEqual(services(changes), ['default/b'])
  assert.deepEqual(changes.candidacies?.[0]?.seat, before)
  assert.deepEqual(refusals(changes), [['default/a', 'noEndpoints']])
})

test('speaker/table: that there are none at first is told, so that the first one is known to be new', () => {
  const it = table()
  it.setService('default/web', { ...service('web', ''), type: 'ClusterIP', ingress: [] })
  assert.deepEqual(services(it.compute()), [])
  assert.deepEqual(it.compute(), {})
  serve(it, 'a', '10.0.0.1')
  assert.deepEqual(services(it.compute()), ['default/a'])
})

test('speaker/table: a Service that is on its way to be announced is no change for the others', () => {
  const it = table()
  serve(it, 'a', '10.0.0.1')
  it.compute()
  it.setService('default/b', { ...service('b', ''), ingress: [] })
  const created = it.compute()
  assert.equal(created.candidacies, undefined)
  assert.deepEqual(refusals(created), [['default/b', 'noAddress']])
  it.setService('default/b', service('b', '10.0.0.2'))
  const assigned = it.compute()
  assert.equal(assigned.candidacies, undefined)
  assert.deepEqual(refusals(assigned), [['default/b', 'noEndpoints']])
  serve(it, 'b', '10.0.0.2')
  const served = it.compute()
  assert.deepEqual(services(served), ['default/a', 'default/b'])
  assert.deepEqual(refusals(served), [])
})

test('speaker/table: its other address, or another age, gives it another seat all the same', () => {
  const rooms = (ip: string, creationTimestamp: string) => {
    const it = table()
    it.setNode('w2', node('w2'))
    serve(it, 'b', '10.0.0.2')
    it.setService('default/a', { ...service('a', ip), creationTimestamp })
    return it
  }
  const it = rooms('10.0.0.1', '2026-11-28T10:00:02Z')
  let { candidacies } = it.compute()
  for (const [ip, created] of [
    ['10.0.0.9', '2026-11-28T10:00:02Z'],
    ['10.0.0.9', '2026-11-28T10:00:01Z'],
  ] as const) {
    it.setService('default/a', { ...service('a', ip), creationTimestamp: created })
    candidacies = it.compute().candidacies ?? candidacies
    assert.deepEqual(candidacies, rooms(ip, created).compute().candidacies)
  }
})

test('speaker/table: a change that changes nothing for the election is no change', () => {
  const it = table()
  serve(it, 'a', '10.0.0.1')
  it.compute()
  it.setNode('w1', node('w1'))
  it.setService('default/a', { ...service('a', '10.0.0.1'), labels: { irrelevant: 'yes' } })
  assert.deepEqual(it.compute(), {})
})

test('speaker/table: endpoints of several slices add up', () => {
  const it = table()
  serve(it, 'a', '10.0.0.1')
  it.setEndpoints('default/a', 'default/a-second', [{ nodeName: 'w1', serving: true }])
  it.setEndpoints('default/a', 'default/a-slice', undefined)
  assert.deepEqual(services(it.compute()), ['default/a'])
})

test('speaker/table: Services of another class are not ours', () => {
  const ours = table()
  serve(ours, 'a', '10.0.0.1', 'example.com/other')
  assert.deepEqual(services(ours.compute()) ?? [], [])
  const theirs = table('example.com/other')
  serve(theirs, 'a', '10.0.0.1', 'example.com/other')
  assert.deepEqual(services(theirs.compute()), ['default/a'])
})

test('speaker/table: a configuration that orphans an announced address is refused, with its name', () => {
  const it = table()
  serve(it, 'a', '10.0.0.1')
  it.compute()
  assert.deepEqual(it.setConfig(config('10.9.0.0/24')), ['default/a'])
  assert.deepEqual(it.compute(), {})
  // The controller has taken the address back.
  it.setService('default/a', { ...service('a', '10.0.0.1'), ingress: [] })
  assert.deepEqual(it.setConfig(config('10.9.0.0/24')), [])
})

test('speaker/candidacy-table: what has not changed is the same object, so that another thread need not hear of it', () => {
  const t = table()
  serve(t, 'a', '10.0.0.1')
  const [before] = t.compute().candidacies ?? []
  assert.ok(before?.seat)
  serve(t, 'b', '10.0.0.2')
  // Told again, as it was.
  serve(t, 'a', '10.0.0.1')
  const after = t.compute().candidacies ?? []
  assert.equal(after.length, 2)
  assert.equal(after[0], before)
  serve(t, 'a', '10.0.0.3')
  assert.notEqual(t.compute().candidacies?.[0], before)
})
