/** Wrong pools and wrong wishes: each is told of in words, and mending it is enough. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { NAMESPACE, events, externalIp, externalIps, poolYaml } from '../lab/bellwether.ts'
import { until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

const vips = fixture('invalid', ['172.18.4.10-172.18.4.11'], 0)

const told = (kind: string, object: string, text: RegExp) =>
  until(`an event about ${object} that says ${String(text)}`, async () => {
    const list = await events(lab, kind, object)
    return list.find((line) => text.test(line))
  })

for (const [name, options, text] of [
  ['outside', { spec: { loadBalancerIP: '10.9.9.9' } }, /Warning AllocationFailed: .*10\.9\.9\.9/],
  [
    'malformed',
    { spec: { loadBalancerIP: '172.18.4.300' } },
    /Warning AllocationFailed: .*172\.18\.4\.300/,
  ],
  [
    'no-such-pool',
    { annotations: { 'metallb.io/address-pool': 'nowhere' } },
    /Warning AllocationFailed: .*nowhere/,
  ],
] as const) {
  test(`e2e/invalid: a Service that asks for what cannot be (${name}) hears why and stays pending`, async () => {
    await vips.createService(name, options)
    await told('Service', vips.key(name), text)
    assert.deepEqual(await externalIps(lab, vips.key(name)), [])
    await lab.kubectl('-n', vips.namespace, 'delete', 'service', name)
  })
}

test('e2e/invalid: an address in use is refused by name, and given as soon as it is free', async () => {
  const ip = await vips.expose('holder')
  await vips.createService('waiter', { spec: { loadBalancerIP: ip } })
  await told('Service', vips.key('waiter'), new RegExp(`AllocationFailed: .*${ip}.*holder`))
  await lab.kubectl('-n', vips.namespace, 'delete', 'service', 'holder')
  assert.equal(await externalIp(lab, vips.key('waiter')), ip)
  await lab.kubectl('-n', vips.namespace, 'delete', 'service', 'waiter')
})

test('e2e/invalid: a full pool is told of, and a bigger one helps without touching the Service', async () => {
  for (const name of ['one', 'two', 'three']) await vips.createService(name)
  const waiting = await until('two of three to be served', async () => {
    const served = await Promise.all(
      ['one', 'two', 'three'].map(
        async (name) => [name, await externalIps(lab, vips.key(name))] as const,
      ),
    )
    const pending = served.filter(([, ips]) => ips.length === 0)
    return pending.length === 1 && pending[0]?.[0]
  })
  await told('Service', vips.key(waiting), /Warning AllocationFailed/)
  await lab.apply(poolYaml('e2e-invalid', ['172.18.4.10-172.18.4.12']))
  await externalIp(lab, vips.key(waiting))
})

/** Either it is refused or the controller says so: never silence. */
async function refusedOrTold(name: string, address: string, text: RegExp): Promise<void> {
  const refused = await lab.apply(poolYaml(name, [address])).then(
    () => undefined,
    (error: Error) => error.message,
  )
  if (refused !== undefined) assert.match(refused, text)
  else await told('IPAddressPool', `${NAMESPACE}/${name}`, text)
}

test('e2e/invalid: a pool that overlaps another changes nothing and is told of', async () => {
  await refusedOrTold('e2e-overlap', '172.18.4.12-172.18.4.40', /overlaps with already defined/)
})

test('e2e/invalid: a pool with nonsense for an address is told of', async () => {
  await refusedOrTold('e2e-nonsense', '172.18.4.banana/24', /invalid CIDR "172.18.4.banana\/24"/)
})

after(async () => {
  for (const kind of ['l2advertisement', 'ipaddresspool']) {
    await lab.kubectl(
      '-n',
      NAMESPACE,
      'delete',
      kind,
      'e2e-overlap',
      'e2e-nonsense',
      '--ignore-not-found',
    )
  }
})
