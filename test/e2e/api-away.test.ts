/** The API server stops for a minute: VIPs keep answering, and work goes on when it is back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { heard, owner, probe } from '../lab/bellwether.ts'
import { fixture, lab } from './harness.ts'

const vips = fixture('api-away', ['172.18.3.10-172.18.3.20'])

/** The figure, and long enough for every watch and lease to notice. */
const AWAY_MS = 60_000

const endpointsOf = (name: string, nodeName: string): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    namespace: vips.namespace,
    name,
    labels: { 'kubernetes.io/service-name': name },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80 }],
  endpoints: [{ addresses: ['192.0.2.1'], nodeName, conditions: { ready: true } }],
})

test('e2e/api-away: VIPs answer through 60 s without an API server', async () => {
  const ip = await vips.expose('steady')
  const before = await owner(lab, ip)
  const probing = await probe(lab, ip)
  await lab.stopApiServer()
  try {
    await delay(AWAY_MS)
    assert.deepEqual(await heard(lab, ip, 5), [before])
  } finally {
    await lab.startApiServer()
  }
  await probing.answered()
  const outage = await probing.stop()
  assert.equal(outage.failed, 0, JSON.stringify(outage))
  const next = await vips.expose('afterwards', { spec: { selector: null } })
  assert.notEqual(next, ip)
  // By hand: the controller manager, which makes them, is in no hurry to come back to its API.
  await lab.apply(endpointsOf('afterwards', before))
  await owner(lab, next)
})
