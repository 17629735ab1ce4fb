import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../config/parse-config.ts'
import { parseService } from '../config/service.ts'
import { drainPlan } from './drain.ts'

const parsed = parseConfig({
  pools: [{ metadata: { name: 'p' }, spec: { addresses: ['10.0.0.0/24'] } }],
  l2Advertisements: [{ metadata: { name: 'a' }, spec: {} }],
  bgpPeers: [],
  bgpAdvertisements: [],
  bfdProfiles: [],
  communities: [],
})
const config = parsed.ok ? parsed.config : assert.fail('the configuration is sound')
const nodes = ['w1', 'w2'].map((name) => ({ name, labels: {}, networkUnavailable: false }))

const service = (name: string, ip: string, spec: object = {}) =>
  parseService({
    metadata: { namespace: 'd', name },
    spec: { type: 'LoadBalancer', ...spec },
    status: { loadBalancer: { ingress: [{ ip }] } },
  }) ?? assert.fail('a Service')

test('report/drain: what another node may have moves; what only this one may have is stranded', () => {
  const services = [
    service('any', '10.0.0.1'),
    service('local', '10.0.0.2', { externalTrafficPolicy: 'Local' }),
    service('elsewhere', '10.0.0.3'),
  ]
  const endpoints = new Map([
    ['d/any', [{ nodeName: 'w1', serving: true }]],
    ['d/local', [{ nodeName: 'w1', serving: true }]],
    ['d/elsewhere', [{ nodeName: 'w1', serving: true }]],
  ])
  const owners = new Map([
    ['d/any', 'w1'],
    ['d/local', 'w1'],
    ['d/elsewhere', 'w2'],
  ])
  assert.deepEqual(drainPlan({ node: 'w1', nodes, services, endpoints, config, owners }), {
    moving: [{ service: 'd/any', addresses: ['10.0.0.1'] }],
    stranded: [{ service: 'd/local', addresses: ['10.0.0.2'], why: 'noEligibleNode' }],
  })
})
