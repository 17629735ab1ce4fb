/** The controller dies and comes back while Services come and go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leader, ready } from '../lab/bellwether.ts'
import { until } from '../lab/until.ts'
import { fixture, lab, serviceObject } from './harness.ts'

const vips = fixture('restart', ['172.18.2.0/26'], 0)

/** Address by Service name. */
async function addresses(): Promise<Map<string, string>> {
  const path =
    'jsonpath={range .items[*]}{.metadata.name}={.status.loadBalancer.ingress[0].ip} {end}'
  const text = await lab.kubectl('-n', vips.namespace, 'get', 'services', '-o', path)
  const pairs = text
    .trim()
    .split(' ')
    .map((pair) => pair.split('=') as [string, string])
  return new Map(pairs.filter(([, ip]) => ip !== ''))
}

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`)

async function createServices(list: readonly string[]): Promise<void> {
  const items = list.map((name) => serviceObject(vips.namespace, name, {}))
  await lab.apply({ apiVersion: 'v1', kind: 'List', items })
}

const allServed = (list: readonly string[]) =>
  until(`${list.length} Services to have an address`, async () => {
    const now = await addresses()
    return list.every((name) => now.has(name)) && now
  })

async function killController(): Promise<void> {
  const { node, pod } = await leader(lab)
  await lab.killContainer(node, pod, 'controller')
}

test('e2e/restart: no address is lost, moved or doubled by a controller that is killed', async () => {
  const early = names('early', 12)
  await createServices(early)
  const before = await allServed(early)

  await killController()
  // While nobody is there: some go, some come.
  await lab.kubectl('-n', vips.namespace, 'delete', 'service', ...early.slice(0, 4))
  const late = names('late', 12)
  await createServices(late)
  const middle = await allServed([...early.slice(4), ...late])

  // Killed again in the middle of its work.
  const last = names('last', 12)
  await createServices(last)
  await killController()
  const end = await allServed([...early.slice(4), ...late, ...last])
  await ready(lab)

  for (const name of early.slice(4)) {
    assert.equal(middle.get(name), before.get(name), `${name} moved at the first kill`)
  }
  for (const [name, ip] of middle)
    assert.equal(end.get(name), ip, `${name} moved at the second kill`)
  const used = [...end.values()]
  assert.equal(new Set(used).size, used.length, `an address twice: ${used.sort().join(' ')}`)
})
