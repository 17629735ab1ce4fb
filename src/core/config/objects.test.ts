/** Objects that others own: Services, Nodes, EndpointSlices, annotations, label selectors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ADDRESS_POOL, annotation, deprecatedAnnotations } from './annotations.ts'
import { parseEndpointSlice } from './endpoints.ts'
import { parseNode } from './node.ts'
import { selects } from './selector.ts'
import { parseService } from './service.ts'

const metadata = { namespace: 'default', name: 'nginx', uid: 'u' }

test('config/service: what allocation and election need', () => {
  const service = parseService({
    metadata,
    spec: {
      type: 'LoadBalancer',
      loadBalancerIP: '172.18.0.20',
      clusterIPs: ['10.96.0.7', 'fd00:96::7'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'PreferDualStack',
      ports: [{ port: 80, nodePort: 30000 }],
      selector: { app: 'nginx' },
    },
    status: { loadBalancer: { ingress: [{ ip: '172.18.0.20' }, { hostname: 'x.example' }] } },
  })
  assert.ok(service)
  assert.equal(service.key, 'default/nginx')
  assert.deepEqual(
    service.clusterIPs.map(({ family }) => family),
    [4, 6],
  )
  assert.deepEqual(service.ipFamilies, [4, 6])
  assert.deepEqual(service.ports, [{ protocol: 'TCP', port: 80 }])
  assert.deepEqual(service.ingress, ['172.18.0.20'])
  assert.equal(service.externalTrafficPolicy, 'Cluster')
})

test('config/service: a headless or bare one has no cluster IPs, an empty loadBalancerIP is none', () => {
  assert.deepEqual(parseService({ metadata, spec: { clusterIP: 'None' } })?.clusterIPs, [])
  assert.deepEqual(parseService({ metadata })?.ingress, [])
  const empty = parseService({ metadata, spec: { loadBalancerIP: '' } })
  assert.equal(empty?.loadBalancerIP, undefined)
})

for (const [conditions, serving] of [
  [{}, true],
  [{ ready: true }, true],
  [{ ready: false }, false],
  [{ ready: false, serving: true }, true],
  [{ ready: false, serving: false }, false],
  [{ ready: null }, true],
] as const) {
  test(`config/endpoints: ${JSON.stringify(conditions)} ${serving ? 'serves' : 'does not serve'}`, () => {
    const slice = parseEndpointSlice({
      metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': 'nginx' } },
      endpoints: [{ nodeName: 'w1', conditions }],
    })
    assert.deepEqual(slice, { service: 'default/nginx', endpoints: [{ nodeName: 'w1', serving }] })
  })
}

test('config/endpoints: a slice of no Service is passed over; one without endpoints is empty', () => {
  assert.equal(parseEndpointSlice({ metadata: { namespace: 'd', labels: {} } }), undefined)
  const labels = { 'kubernetes.io/service-name': 'x' }
  const empty = parseEndpointSlice({ metadata: { namespace: 'd', labels }, endpoints: null })
  assert.deepEqual(empty?.endpoints, [])
})

test('config/node: network unavailable only if the condition is True', () => {
  const node = (status: string) =>
    parseNode({
      metadata: { name: 'w1', labels: { zone: 'a' } },
      status: { conditions: [{ type: 'NetworkUnavailable', status }] },
    })
  assert.deepEqual(node('True'), { name: 'w1', labels: { zone: 'a' }, networkUnavailable: true })
  assert.equal(node('False')?.networkUnavailable, false)
  assert.equal(parseNode({ metadata: { name: 'w1' } })?.networkUnavailable, false)
})

test('config/annotations: the new prefix wins by its presence', () => {
  const old = { 'metallb.universe.tf/address-pool': 'old' }
  assert.equal(annotation(old, ADDRESS_POOL), 'old')
  assert.equal(annotation({ ...old, 'metallb.io/address-pool': '' }, ADDRESS_POOL), '')
  assert.equal(annotation({}, ADDRESS_POOL), undefined)
  assert.deepEqual(deprecatedAnnotations(old), Object.keys(old))
})

for (const [selector, labels, expected] of [
  [{}, {}, true],
  [{ matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
  [{ matchLabels: { a: '1' } }, { a: '2' }, false],
  [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }] }, { a: '2' }, true],
  [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1'] }] }, {}, false],
  [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, {}, true],
  [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, { a: '1' }, false],
  [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, { a: '' }, true],
  [{ matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, {}, false],
  [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, { a: '' }, false],
  [
    { matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'Exists' }] },
    { a: '1' },
    false,
  ],
] as const) {
  test(`config/selector: ${JSON.stringify(selector)} of ${JSON.stringify(labels)}`, () => {
    assert.equal(selects(selector, labels), expected)
  })
}

test('config: whatever comes, a parser answers', () => {
  fc.assert(
    fc.property(fc.anything(), (object) => {
      parseService(object)
      parseNode(object)
      parseEndpointSlice(object)
    }),
  )
})
