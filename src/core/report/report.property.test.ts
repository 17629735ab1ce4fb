/** Whatever a cluster holds, and however little of it can be seen: there is an answer, and one advice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  advertisement,
  healthy,
  l2Status,
  node,
  pod,
  pool,
  service,
  slice,
  state,
  view,
} from '../../../test/fakes/snapshot.ts'
import type { Parts } from '../../../test/fakes/snapshot.ts'
import { explainText } from './explain-text.ts'
import { explain } from './explain.ts'
import { snapshotOfLooks } from './snapshot.ts'
import { statusText } from './status-text.ts'
import { status } from './status.ts'
import { renderText } from './text.ts'
import { whereText } from './where-text.ts'
import { where } from './where.ts'

const names = fc.constantFrom('web', 'db', 'x')
const nodes = fc.constantFrom('w1', 'w2', 'w3', 'gone')
const ip = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.9.9.9', 'fd00::1', 'nonsense', '')
const labels = fc.constantFrom({}, { tier: 'a' }, { tier: 'b' })
const selectors = fc.constantFrom(undefined, [], [{ matchLabels: { tier: 'a' } }])
const EXCLUDED = { 'node.kubernetes.io/exclude-from-external-load-balancers': 'bellwether-drain' }

const services = fc
  .record({
    name: names,
    spec: fc.record(
      {
        type: fc.constantFrom('LoadBalancer', 'ClusterIP'),
        loadBalancerClass: fc.constantFrom('a', 'b'),
        loadBalancerIP: ip,
        clusterIPs: fc.constantFrom(['None'], ['10.96.0.1'], ['10.96.0.1', 'fd96::1'], []),
        ipFamilyPolicy: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
        externalTrafficPolicy: fc.constantFrom('Local', 'Cluster'),
        selector: fc.constantFrom({}, { app: 'web' }),
      },
      { requiredKeys: [] },
    ),
    ips: fc.array(ip, { maxLength: 3 }),
    annotations: fc.constantFrom(
      {},
      { 'metallb.io/allow-shared-ip': 'a' },
      { 'metallb.io/address-pool': 'first' },
      { 'metallb.io/loadBalancerIPs': '10.0.0.1,fd00::1' },
      { 'metallb.io/loadBalancerIPs': ',' },
    ),
    labels,
  })
  .map(({ name, spec, ...more }) => service(name, spec, more))

/** Objects that are none, and objects, and why there are none. */
const part = <T extends object>(its: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.array(its, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.constant('you may not list it') },
    {
      weight: 1,
      arbitrary: fc.array(fc.object() as fc.Arbitrary<unknown> as fc.Arbitrary<T>, {
        maxLength: 2,
      }),
    },
  )

const rivals = fc.constantFrom(
  [],
  [
    {
      ip: '10.0.0.1',
      mac: '02:00:00:00:00:99',
      interface: 'eth0',
      kind: 'stranger',
      speaker: null,
    },
  ],
  [{ ip: '10.0.0.1', mac: '02:00:00:00:00:98', interface: 'eth0', kind: 'speaker' }],
  ['of a release to come'],
)
const viewParts = fc.record(
  {
    packet: fc.oneof(fc.record({ rivals }), fc.constant(null)),
    gossip: fc.constantFrom(null, { members: [] }, { members: 'other' }),
    owners: fc.constantFrom([], [{ service: 'default/web', ip: '10.0.0.1', owner: null }], 'x'),
    interfaces: fc.constantFrom(null, [], [{ name: 'eth1', mac: '02:00:00:00:00:07' }]),
    problems: fc.constantFrom([], [{ reason: 'GossipPortBlocked', message: 'open it' }]),
  },
  { requiredKeys: [] },
)
const views = fc.dictionary(
  nodes,
  fc.oneof(
    viewParts.map((more) => view('w1', more)),
    fc.constant('the node does not answer'),
    fc.constant({ of: 'another release' }),
  ),
)

const parts: fc.Arbitrary<Parts> = fc.record(
  {
    services: part(services),
    endpointSlices: part(
      fc
        .record({ of: names, on: nodes, ready: fc.boolean() })
        .map(({ of, on, ready }) => slice(of, [{ node: on, ready }])),
    ),
    nodes: part(
      fc
        .record({
          name: nodes,
          more: fc.constantFrom({}, { tier: 'a' }, EXCLUDED),
          ok: fc.boolean(),
        })
        .map(({ name, more, ok }) => node(name, more, ok)),
    ),
    namespaces: part(fc.constant({ metadata: { name: 'default' } })),
    pods: part(
      fc
        .record({ what: fc.constantFrom('speaker', 'controller'), on: nodes, ok: fc.boolean() })
        .chain((it) => fc.constantFrom([], ['--lb-class=a']).map((args) => ({ ...it, args })))
        .map(({ what, on, ok, args }) => pod(what, on, ok, args)),
    ),
    pools: part(
      fc
        .record({
          name: fc.constantFrom('first', 'second'),
          addresses: fc.constantFrom(['10.0.0.1/32'], ['10.0.0.0/24', 'fd00::/120'], ['bad'], []),
          autoAssign: fc.boolean(),
          serviceSelectors: selectors,
        })
        .map(({ name, addresses, autoAssign, serviceSelectors }) =>
          pool(name, addresses, { autoAssign, serviceAllocation: { serviceSelectors } }),
        ),
    ),
    l2Advertisements: part(
      fc
        .record({
          ipAddressPools: fc.constantFrom([], ['first']),
          nodeSelectors: selectors,
          serviceSelectors: selectors,
          interfaces: fc.constantFrom([], ['eth0'], ['bond7']),
        })
        .map((spec) => advertisement('ad', spec)),
    ),
    l2Statuses: part(
      fc
        .record({ of: names, on: nodes, since: fc.constantFrom('2026-01-02T03:00:00Z', 'bad') })
        .map(({ of, on, since }) => l2Status(of, on, { since })),
    ),
    configurationStates: part(
      fc.constantFrom('', 'BGPPeer/x: wrong', 'x').map((errors) => state('controller', errors)),
    ),
    events: part(
      fc
        .record({
          reason: fc.constantFrom('announceFailed', 'AddressConflict', 'AnnouncedTwice'),
          lastTimestamp: fc.constantFrom('2026-01-02T03:00:00Z', 'never', null),
        })
        .map((it) => ({
          involvedObject: { kind: 'Service', namespace: 'default', name: 'web' },
          message: 'said',
          ...it,
        })),
    ),
    views,
  },
  { requiredKeys: [] },
)

test('explain of any snapshot ends with exactly one line of advice', () => {
  fc.assert(
    fc.property(parts, fc.constantFrom('web', 'default/web', 'default/db', '?'), (its, asked) => {
      const explanation = explain(healthy(its), asked)
      const broken = explanation.steps.some(({ verdict }) => verdict === 'broken')
      assert.ok(!broken || explanation.fix !== undefined, 'what is broken has a remedy')
      assert.doesNotMatch(explanation.advice, /(?<!received )undefined|NaN|\n|^$/)
      const lines = renderText(explainText(explanation)).trimEnd().split('\n')
      const advice = lines.filter((line) => /^(Fix: |nothing to fix)/.test(line))
      assert.deepEqual(advice, lines.slice(-1))
      assert.deepEqual(JSON.parse(JSON.stringify(explanation)), explanation, 'it is plain data')
    }),
    { numRuns: 500 },
  )
})

test('where and status of any snapshot answer', () => {
  fc.assert(
    fc.property(parts, fc.constantFrom('web', '10.0.0.1', '10.0.0.7', 'x/y', ''), (its, asked) => {
      const snapshot = healthy(its)
      const found = where(snapshot, asked)
      assert.equal(found.addresses.length === 0, found.message !== undefined)
      const all = status(snapshot)
      const text = renderText([...whereText(found), ...statusText(all)])
      assert.doesNotMatch(text, /(?<!received )undefined|NaN|\[object/)
      assert.doesNotThrow(() => JSON.stringify({ all, found }), 'it is plain data')
    }),
    { numRuns: 300 },
  )
})

test('nothing at all is no reason to fail', () => {
  const nothing = snapshotOfLooks({}, { namespace: 'metallb-system', at: 0 })
  assert.equal(explain(nothing, 'web').steps[0]?.text, 'not seen, because it was not asked for')
  assert.match(where(nothing, 'web').message ?? '', /were not seen/)
  assert.deepEqual(status(nothing).problems, [])
})
