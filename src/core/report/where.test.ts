/** `where`, `problems` and `status`: what they tell of an address and of a cluster. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  advertisement,
  healthy,
  l2Status,
  pod,
  pool,
  service,
  state,
  view,
} from '../../../test/fakes/snapshot.ts'
import { problems } from './problems.ts'
import { statusText } from './status-text.ts'
import { status } from './status.ts'
import { renderText } from './text.ts'
import { whereText } from './where-text.ts'
import { where } from './where.ts'

test('where: by address, by name and by namespace/name alike, with all that the owner tells', () => {
  const report = where(healthy(), '10.0.0.1')
  assert.deepEqual(report.addresses, [
    {
      ip: '10.0.0.1',
      services: ['default/web'],
      pool: 'first',
      node: 'w3',
      interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:03' }],
      since: '2026-01-02T03:00:00Z',
      age: '4m5s',
      why: 'first of 3 candidates',
      next: 'w1',
      takeover: { cause: 'nodeGone', from: 'w2', outageMs: 640 },
      segment: 'alone',
      rivals: [],
      notSeen: [],
    },
  ])
  for (const asked of ['web', 'default/web']) {
    assert.deepEqual(where(healthy(), asked).addresses, report.addresses)
  }
  const text = renderText(whereText(report))
  assert.match(
    text,
    /^how +taken from w2 \(the node or its cable is gone\), 640 ms without an answer at most$/m,
  )
  assert.match(text, /^interfaces +eth0 \(MAC 02:00:00:00:00:03\)$/m)
})

test('where: what the owner says of next and since counts where the API has none', () => {
  const word = { service: 'default/web', ip: '10.0.0.1', owner: 'w3', next: 'w1', since: 65_000 }
  const [found] = where(
    healthy({
      l2Statuses: [l2Status('web', 'w3', { interfaces: [{ name: 'eth1' }] })],
      views: {
        w3: view('w3', {
          owners: [word],
          interfaces: [
            { name: 'eth0', mac: '02:00:00:00:00:03' },
            { name: 'eth1', mac: '02:00:00:00:01:03' },
          ],
        }),
      },
    }),
    'web',
  ).addresses
  assert.equal(found?.next, 'w1')
  assert.equal(found.since, '2026-01-02T03:03:00Z')
  assert.deepEqual(found.interfaces, [{ name: 'eth1', mac: '02:00:00:00:01:03' }])
})

test('where: without a word of the speakers it says so', () => {
  const [found] = where(healthy({ views: {} }), 'web').addresses
  assert.equal(found?.segment, 'unknown')
  assert.deepEqual(found.notSeen, ['what w3 hears: the speakers were not asked'])
})

test('where: an address that no Service has', () => {
  const said = (asked: string) => where(healthy(), asked).message
  assert.equal(said('10.0.0.2'), 'no Service has 10.0.0.2, which is in pool first')
  assert.equal(said('192.0.2.1'), 'no Service has 192.0.2.1, and it is in no IPAddressPool')
  assert.equal(said('172.18.0.2'), '172.18.0.2 is the address of node w2')
  assert.equal(said('nosuch'), 'there is no Service nosuch')
})

test('problems: none where all is well', () => {
  assert.deepEqual(problems(healthy()), [])
})

test('problems: worst first, and one for all Services that suffer by it', () => {
  const two = ['web', 'db'].map((name, i) => service(name, {}, { ips: [`10.0.0.${i + 1}`] }))
  const found = problems(
    healthy({
      services: [...two, service('far', {}, { ips: ['10.9.0.1'] })],
      l2Advertisements: [advertisement('other', { ipAddressPools: ['second'] })],
      pools: [pool('first', ['10.0.0.1-10.0.0.9']), pool('second', ['10.1.0.1/32'])],
      l2Statuses: [],
      endpointSlices: ['web', 'db', 'far'].map((name) => ({
        metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
        endpoints: [{ nodeName: 'w1' }],
      })),
      configurationStates: [state('speaker-w1', 'BGPPeer/x: wrong')],
      pods: [
        pod('controller', 'w1'),
        pod('speaker', 'w1'),
        pod('speaker', 'w2'),
        pod('speaker', 'w3', false),
      ],
    }),
  )
  assert.deepEqual(
    found.map(({ severity, object, services }) => [severity, object, services.length]),
    [
      ['broken', 'BGPPeer/x', 3],
      ['warn', 'Pod/metallb-system/speaker-w3', 0],
    ],
  )
})

test('problems: a pool without a free address', () => {
  const [found] = problems(healthy({ pools: [pool('first', ['10.0.0.1/32'])] }))
  assert.equal(found?.object, 'IPAddressPool/first')
  assert.equal(found.reason, 'it has no IPv4 address left')
})

test('status: speakers, pools and addresses', () => {
  const report = status(healthy())
  assert.deepEqual(report.controllers, { ready: 1, pods: 1 })
  assert.deepEqual(
    report.speakers.map(({ node, speaker, member, addresses }) => [
      node,
      speaker,
      member,
      addresses,
    ]),
    [
      ['w1', 'ready', 'alive', 0],
      ['w2', 'ready', 'alive', 0],
      ['w3', 'ready', 'alive', 1],
    ],
  )
  assert.deepEqual(report.pools, [
    { name: 'first', ipv4: { used: 1, kept: 0, free: '8', total: '9' } },
  ])
  const text = renderText(statusText(report))
  assert.match(text, /^PROBLEMS\nno problems\n/)
  assert.match(text, /^10\.0\.0\.1 +w3 +4m5s +first +default\/web$/m)
})

test('status: who waits, and what was not seen', () => {
  const report = status(healthy({ services: [service('web')], nodes: 'you may not list nodes' }))
  assert.deepEqual(report.waiting, ['default/web'])
  assert.deepEqual(report.notSeen, { nodes: 'you may not list nodes' })
})
