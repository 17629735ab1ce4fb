/** The lab's network and its faults, without Kubernetes. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cutCable, healCable, macOf, setLoss } from '../lab/faults.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { tearDown } from '../lab/teardown.ts'
import {
  CLIENT,
  createTopology,
  inHost,
  ipv4,
  ipv4Second,
  ipv6,
  namespacesOf,
  workers,
} from '../lab/topology.ts'
import { until } from '../lab/until.ts'

const PREFIX = 'bwnet'
const STATE = '/var/lib/bellwether-lab/bwnet'
const [w1, w2] = workers(2)
assert.ok(w1 && w2)

before(async () => {
  await ensureLabPackages()
  await tearDown(PREFIX, STATE)
  await createTopology(PREFIX, [CLIENT, w1, w2])
})

after(() => tearDown(PREFIX, STATE))

/** How many of `count` pings the client has an answer to. */
async function answered(address: string, count = 3): Promise<number> {
  const ping = ['ping', '-c', `${count}`, '-i', '0.02', '-W', '2', address]
  const { stdout } = await run(inHost(PREFIX, CLIENT.name, ping))
  return Number(/(\d+) received/.exec(stdout)?.[1])
}

for (const [what, address] of [
  ['IPv4', ipv4(w1)],
  ['IPv6', ipv6(w1)],
  ['IPv4 on the second segment', ipv4Second(w1)],
] as const) {
  test(`netns/lab: the client reaches a node by ${what}`, async () => {
    assert.equal(await answered(address), 3)
  })
}

test('netns/lab: a cut cable cuts one node off, and healing brings it back', async () => {
  await cutCable(PREFIX, w1.name)
  assert.deepEqual([await answered(ipv4(w1)), await answered(ipv4(w2))], [0, 3])
  assert.equal(await answered(ipv4Second(w1)), 3, 'its second cable is whole')
  await healCable(PREFIX, w1.name)
  await until('it to be back', async () => (await answered(ipv4(w1))) === 3)
})

test('netns/lab: loss takes about its share of both directions, and ends', async () => {
  await setLoss(PREFIX, 20)
  const got = await answered(ipv4(w2), 200)
  await setLoss(PREFIX, 0)
  // 128 ± 6.8 expected: five times that is one failure in a million.
  assert.ok(got > 93 && got < 163, `${got} of 200 answered`)
  assert.equal(await answered(ipv4(w2), 20), 20)
})

test('netns/lab: the MAC address told is the one that answers ARP', async () => {
  const arping = ['arping', '-c', '1', '-I', 'eth0', ipv4(w1)]
  const said = await must(inHost(PREFIX, CLIENT.name, arping))
  assert.ok(said.includes(await macOf(PREFIX, w1.name, 'eth0')), said)
})

test('netns/lab: taking down leaves no namespace', async () => {
  await tearDown(PREFIX, STATE)
  assert.deepEqual(await namespacesOf(PREFIX), [])
})
