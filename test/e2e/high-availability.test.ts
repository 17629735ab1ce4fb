/** Two controllers on a real cluster: one dies, one is stopped; and metrics are for those who may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NAMESPACE, externalIp, leader, pods, ready } from '../lab/bellwether.ts'
import { lateness } from '../lab/lateness.ts'
import { until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

const vips = fixture('ha', ['172.18.4.0/28'], 0)

/** Milliseconds from now until a new Service has an address, but for those that the machine kept all waiting. */
async function msUntilServed(name: string): Promise<number> {
  const startedAt = performance.now()
  const late = lateness()
  await vips.expose(name)
  return performance.now() - startedAt - late()
}

test('e2e/ha: after a kill the other controller gives addresses within 5 s, after a stop within 1 s', async () => {
  await until(
    'two controllers, on two nodes',
    async () => (await pods(lab, 'controller')).size === 2,
  )
  // kubectl and the shell around it take their time, too: so long where nothing happens, if the machine is slow.
  const overheadMs = Math.max(1500, 2 * (await msUntilServed('before')))
  const before = await externalIp(lab, vips.key('before'))
  // One that was late, on a slow machine, has asked for more for a minute.
  const duration = 'jsonpath={.spec.leaseDurationSeconds}'
  const lease = ['-n', NAMESPACE, 'get', 'lease', 'bellwether-controller', '-o', duration]
  await until('a Lease of 4 s', async () => (await lab.kubectl(...lease)) === '4', {
    timeoutMs: 180_000,
  })
  const first = await leader(lab)
  await lab.killContainer(first.node, first.pod, 'controller')
  const killMs = await msUntilServed('killed')
  assert.ok(killMs <= 5000 + overheadMs, `${Math.round(killMs)} ms after the kill`)
  const second = await leader(lab)
  assert.notEqual(second.pod, first.pod)

  await lab.kubectl('-n', NAMESPACE, 'delete', 'pod', second.pod, '--wait=false')
  const stopMs = await msUntilServed('stopped')
  assert.ok(stopMs <= 1000 + overheadMs, `${Math.round(stopMs)} ms after the stop`)
  assert.equal(await externalIp(lab, vips.key('before')), before)
  await ready(lab)
})

test('e2e/ha: metrics of both programs are on 9120 for whom may see them, and for nobody else', async () => {
  await lab.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: vips.namespace, name: 'scraper' },
  })
  await lab.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'e2e-scraper' },
    subjects: [{ kind: 'ServiceAccount', name: 'scraper', namespace: vips.namespace }],
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'metallb-system:metrics-reader',
    },
  })
  const token = await lab.kubectl('-n', vips.namespace, 'create', 'token', 'scraper')
  for (const [component, metric] of [
    ['controller', 'bellwether_leader'],
    ['speaker', 'bellwether_gossip_members'],
  ] as const) {
    for (const [node, pod] of await pods(lab, component)) {
      const path = 'jsonpath={.status.podIP}'
      const ip = await lab.kubectl('-n', NAMESPACE, 'get', 'pod', pod, '-o', path)
      const url = `https://${ip}:9120/metrics`
      const status = ['curl', '-sk', '-o', '/dev/null', '-w', '%{http_code}', url]
      assert.equal((await lab.exec(node, status)).stdout, '401', pod)
      const header = `Authorization: Bearer ${token.trim()}`
      const { stdout } = await lab.exec(node, ['curl', '-sk', '-H', header, url])
      assert.match(stdout, new RegExp(`^${metric}`, 'm'), pod)
    }
  }
  await lab.kubectl('delete', 'clusterrolebinding', 'e2e-scraper')
})
