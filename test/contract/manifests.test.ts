/** What a user applies, applied to a real API server. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { ApiServer } from './api-server.ts'
import { installed, manifest } from './installed.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

let api: ApiServer
before(async () => {
  api = await installed()
})
after(() => api.stop())

test('manifests: applied twice, nothing changes the second time', async () => {
  const version = () =>
    api.kubectl(
      '-n',
      'metallb-system',
      'get',
      'pdb',
      'controller',
      '-o',
      'jsonpath={.metadata.generation}',
    )
  const before = await version()
  const said = await api.apply(manifest())
  for (const line of said.trim().split('\n')) {
    // kubectl replaces the selector of a budget each time, by the same.
    if (!line.startsWith('poddisruptionbudget')) assert.match(line, / unchanged$/)
  }
  assert.equal(await version(), before)
})

test("manifests: the tutorial's pool and advertisement are taken, with MetalLB's columns", async () => {
  await api.apply(read('examples/tutorial/ip-pool.yaml'))
  await api.apply(read('examples/tutorial/advertise.yaml'))
  const pools = await api.kubectl('-n', 'metallb-system', 'get', 'ipaddresspools')
  assert.match(pools, /NAME +AUTO ASSIGN +AVOID BUGGY IPS +ADDRESSES/)
  assert.match(pools, /ip-pool +true +false +\["172.18.0.10-172.18.0.30"\]/)
  const ads = await api.kubectl('-n', 'metallb-system', 'get', 'l2advertisements')
  assert.match(ads, /NAME +IPADDRESSPOOLS +IPADDRESSPOOL SELECTORS +INTERFACES/)
})

const object = (kind: string, spec: object | undefined) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind,
  metadata: { name: 'refused', namespace: 'metallb-system' },
  ...(spec && { spec }),
})

for (const [what, it, message] of [
  ['a pool without spec', object('IPAddressPool', undefined), /spec: Required value/],
  ['a pool without addresses', object('IPAddressPool', {}), /spec.addresses: Required value/],
  [
    'addresses that are no list',
    object('IPAddressPool', { addresses: '10.0.0.0/24' }),
    /spec.addresses/,
  ],
  [
    'a weight out of bounds',
    object('L2Advertisement', { preferredNodeSelectors: [{ weight: 101, preference: {} }] }),
    /weight.*less than or equal to 100/,
  ],
] as const) {
  test(`manifests: the API server refuses ${what}`, async () => {
    await assert.rejects(api.apply(it), message)
  })
}

test('manifests: node and Service of a ServiceL2Status cannot be changed once set', async () => {
  await api.apply({
    ...object('ServiceL2Status', {}),
    metadata: { name: 'l2-x', namespace: 'metallb-system' },
  })
  const set = (node: string) => {
    const patch = JSON.stringify({
      status: { node, serviceName: 's', serviceNamespace: 'default' },
    })
    const where = ['-n', 'metallb-system', 'servicel2status', 'l2-x']
    return api.kubectl('patch', ...where, '--subresource=status', '--type=merge', '-p', patch)
  }
  await set('w1')
  await assert.rejects(set('w2'), /Value is immutable/)
})

test('manifests: a pool with the largest count there is can be written', async () => {
  await api.apply(object('IPAddressPool', { addresses: ['fd00::/48'] }))
  const where = ['-n', 'metallb-system', 'ipaddresspool', 'refused']
  const status = {
    assignedIPv4: 0,
    assignedIPv6: 0,
    availableIPv4: 0,
    availableIPv6: Number(2n ** 63n - 1024n),
  }
  const patch = JSON.stringify({ status })
  await api.kubectl('patch', ...where, '--subresource=status', '--type=merge', '-p', patch)
})
