/** Which node may announce, and what people are told where none may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerers, owner, statusNode } from '../lab/bellwether.ts'
import { Takeovers } from '../lab/takeovers.ts'
import { until } from '../lab/until.ts'
import { fixture, getJson, lab, plugin } from './harness.ts'

const vips = fixture('where', ['172.18.6.10-172.18.6.20'])
const LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** As a network plugin does it. Merged by type: the kubelet's conditions stay, and it leaves this one. */
const setNetworkUnavailable = (node: string, condition: object) =>
  lab.kubectl(
    ...['patch', 'node', node, '--subresource=status', '--type=strategic', '--patch'],
    JSON.stringify({ status: { conditions: [{ type: 'NetworkUnavailable', ...condition }] } }),
  )

/** What `work` does, it does while that node has no network. */
async function withoutNetwork(node: string, work: () => Promise<void>): Promise<void> {
  await setNetworkUnavailable(node, { status: 'True', reason: 'NoRouteCreated' })
  try {
    await work()
  } finally {
    await setNetworkUnavailable(node, { $patch: 'delete' })
  }
}

/** Endpoints of a Service that selects no pods. */
const serves = (
  service: string,
  ...endpoints: readonly (readonly [node: string, terminating: boolean])[]
) =>
  lab.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: vips.namespace,
      name: `${service}-1`,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    endpoints: endpoints.map(([nodeName, terminating], i) => ({
      addresses: [`10.89.255.${i + 1}`],
      nodeName,
      conditions: { ready: !terminating, serving: true, terminating },
    })),
  })

/** Why it is not announced, and how often that was told. */
async function refusals(service: string): Promise<(readonly [count: number, message: string])[]> {
  const about = `reason=notAnnounced,involvedObject.name=${service}`
  const argv = ['-n', vips.namespace, 'get', 'events', `--field-selector=${about}`]
  const { items } = await getJson<{ items: { count: number; message: string }[] }>(...argv)
  return items.map(({ count, message }) => [count, message])
}

test('e2e/where: a node that is excluded gives its address away; the status follows within a second', async () => {
  const ip = await vips.expose('labelled')
  const before = await owner(lab, ip)
  await until('the status', async () => (await statusNode(lab, vips.key('labelled'))) === before)
  const takeovers = await Takeovers.of(lab, vips.key('labelled'))
  await lab.kubectl('label', 'node', before, `${LABEL}=`)
  try {
    const after = await until(`another node than ${before} to own ${ip}`, async () => {
      const now = await owner(lab, ip)
      return now !== before && now
    })
    assert.equal((await takeovers.from(before, 1000)).node, after)
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
  const isAt = (node: string) => async () => (await owner(lab, ip)) === node
  await serves('local', ['w2', false])
  await until('the node of its endpoint to own it', isAt('w2'))
  await serves('local', ['w2', true])
  // The next change after it has been taken in by all: then it has been, too.
  await vips.expose('after-local')
  assert.equal(await owner(lab, ip), 'w2')
  await serves('local', ['w3', false])
  await until('the address to follow', isAt('w3'))
})

test('e2e/where: a node whose network is unavailable is passed over, and said to be; repaired, it takes its address back', async () => {
  const ip = await vips.expose('cut-off')
  const home = await owner(lab, ip)
  await withoutNetwork(home, async () => {
    const other = await until(`another node than ${home} to own ${ip}`, async () => {
      const now = await owner(lab, ip)
      return now !== home && now
    })
    await until('the status', async () => (await statusNode(lab, vips.key('cut-off'))) === other)
    const { out } = await plugin('explain', vips.key('cut-off'), '-o', 'json')
    const { steps } = JSON.parse(out) as { steps: { name: string; details: string[] }[] }
    const told = steps.find(({ name }) => name === 'candidates')?.details
    const why = 'nodeNetworkUnavailable: its condition NetworkUnavailable is True'
    const expected = [...lab.nodes].map((node) => `${node}: ${node === home ? why : 'may'}`)
    assert.deepEqual(told?.toSorted(), expected.toSorted())
  })
  await until(`${home} to take ${ip} back`, async () => (await owner(lab, ip)) === home)
  await until('the status', async () => (await statusNode(lab, vips.key('cut-off'))) === home)
})

test('e2e/where: where the only node that could have it has no network, the Service is told', async () => {
  const ip = '172.18.6.19'
  const spec = { externalTrafficPolicy: 'Local', selector: {}, loadBalancerIP: ip }
  await vips.createService('lonely', { spec })
  await serves('lonely', ['w2', false])
  const announced = async () => (await answerers(lab, ip)).join() === 'w2'
  await until('the node of its endpoint to own it', announced)
  await withoutNetwork('w2', async () => {
    await until('nobody to own it', async () => (await answerers(lab, ip)).length === 0)
    await until('the status to go', async () => !(await statusNode(lab, vips.key('lonely'))))
    // Another was told where its endpoint came late.
    const [, told] = await until('the event', async () =>
      (await refusals('lonely')).find(([, message]) => message.includes('noEligibleNode')),
    )
    assert.match(told, /^not announced \(noEligibleNode\): no node may announce it: /)
    assert.match(told, /nodeNetworkUnavailable \(w2\)/)
    assert.match(told, /noLocalEndpoints \(w1, w3\)/)
  })
  await until('it to own it again', announced)
})

test('e2e/where: a Service without endpoints is told why it is not announced, by one speaker, once', async () => {
  await vips.createService('idle', { spec: { selector: { app: 'nobody' } } })
  await until('the event', async () => (await refusals('idle')).length > 0)
  await lab.kubectl('-n', vips.namespace, 'label', 'service', 'idle', 'touched=yes')
  await vips.expose('after-idle')
  assert.deepEqual(await refusals('idle'), [
    [1, 'not announced (noEndpoints): it has no endpoint that is ready or serving'],
  ])
})
