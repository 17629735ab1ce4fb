/** Which node may announce, and what people are told where none may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { owner, statusNode } from '../lab/bellwether.ts'
import { until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

const vips = fixture('where', ['172.18.6.10-172.18.6.20'])
const LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

test('e2e/where: a node that is excluded gives its address away; the status follows within a second', async () => {
  const ip = await vips.expose('labelled')
  const before = await owner(lab, ip)
  await until('the status', async () => (await statusNode(lab, vips.key('labelled'))) === before)
  await lab.kubectl('label', 'node', before, `${LABEL}=`)
  try {
    const after = await until(`another node than ${before} to own ${ip}`, async () => {
      const now = await owner(lab, ip)
      return now !== before && now
    })
    const followed = async () => (await statusNode(lab, vips.key('labelled'))) === after
    await until('the status to follow', followed, { timeoutMs: 1000, everyMs: 50 })
  } finally {
    await lab.kubectl('label', 'node', before, `${LABEL}-`)
  }
})

test('e2e/where: cordon moves nothing', async () => {
  const ip = await vips.expose('cordoned')
  const before = await owner(lab, ip)
  await lab.kubectl('cordon', before)
  try {
    // The next change after it has been taken in by all: then it has been, too.
    await vips.expose('after-cordon')
    assert.equal(await owner(lab, ip), before)
  } finally {
    await lab.kubectl('uncordon', before)
  }
})

test('e2e/where: of a Local Service the address is where its endpoints are; one that ends but serves counts', async () => {
  const ip = '172.18.6.20'
  const spec = { externalTrafficPolicy: 'Local', selector: {}, loadBalancerIP: ip }
  await vips.createService('local', { spec })
  const serves = (...endpoints: readonly (readonly [node: string, terminating: boolean])[]) =>
    lab.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace: vips.namespace,
        name: 'local-1',
        labels: { 'kubernetes.io/service-name': 'local' },
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      endpoints: endpoints.map(([nodeName, terminating], i) => ({
        addresses: [`10.89.255.${i + 1}`],
        nodeName,
        conditions: { ready: !terminating, serving: true, terminating },
      })),
    })
  const isAt = (node: string) => async () => (await owner(lab, ip)) === node
  await serves(['w2', false])
  await until('the node of its endpoint to own it', isAt('w2'))
  await serves(['w2', true])
  // The next change after it has been taken in by all: then it has been, too.
  await vips.expose('after-local')
  assert.equal(await owner(lab, ip), 'w2')
  await serves(['w3', false])
  await until('the address to follow', isAt('w3'))
})

test('e2e/where: a Service without endpoints is told why it is not announced, by one speaker, once', async () => {
  await vips.createService('idle', { spec: { selector: { app: 'nobody' } } })
  const events = async () => {
    const about = 'reason=notAnnounced,involvedObject.name=idle'
    const argv = ['-n', vips.namespace, 'get', 'events', `--field-selector=${about}`, '-o', 'json']
    const { items } = JSON.parse(await lab.kubectl(...argv)) as {
      items: { count: number; message: string }[]
    }
    return items
  }
  await until('the event', async () => (await events()).length > 0)
  await lab.kubectl('-n', vips.namespace, 'label', 'service', 'idle', 'touched=yes')
  await vips.expose('after-idle')
  assert.deepEqual(
    (await events()).map(({ count, message }) => [count, message]),
    [[1, 'not announced (noEndpoints): it has no endpoint that is ready or serving']],
  )
})
