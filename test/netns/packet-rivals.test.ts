/** Another host that uses our addresses: found, told of, and answered by what the policy says. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { DISPUTE_MS, GONE_MS } from '../../src/core/announce/rivals.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import type { HostOptions } from './packet-host.ts'
import {
  PEER,
  PacketHost,
  captureAtPeer,
  createNamespaces,
  inside,
  isAnswered,
  macOfPeer,
  removeNamespaces,
} from './packet-node.ts'

const V4 = '10.77.0.9'
const V6 = 'fd77::9'

let host: PacketHost

async function start(announce: HostOptions['announce'] = {}): Promise<void> {
  host = new PacketHost({ announce })
  await host.heard('interfaces', ({ names }) => names.includes('eth0'))
}

before(ensureLabPackages)
beforeEach(createNamespaces)
afterEach(() => host.stop())
after(removeNamespaces)

const peerTakes = async (ip: string) => {
  const address = ip.includes(':') ? [`${ip}/64`, 'nodad'] : [`${ip}/24`]
  await must(['ip', '-n', PEER, 'addr', 'add', ...address, 'dev', 'eth0'])
}
const peerDrops = (ip: string) =>
  must(['ip', '-n', PEER, 'addr', 'del', `${ip}/${ip.includes(':') ? 64 : 24}`, 'dev', 'eth0'])

const alarmOf = (ip: string) =>
  host.heard('rivals', ({ alarms }) => alarms.some((alarm) => alarm.ip === ip))

/** The last word on whose conflicts people are to know of. */
const conflicts = async (...expected: readonly string[]) => {
  const last = () => host.messages.findLast((message) => message.kind === 'conflicts')
  const said = () => (last()?.rivals ?? []).map(({ ip, kind }) => `${ip} ${kind}`)
  await until(`conflicts [${expected.join()}]`, () => isDeepStrictEqual(said(), expected), {
    everyMs: 5,
  })
}

/** What the alarm says: this one, with the peer's MAC. */
async function strangerToldOf(ip: string): Promise<void> {
  const { alarms } = await alarmOf(ip)
  const alarm = alarms.find((one) => one.ip === ip)
  assert.partialDeepStrictEqual(alarm, {
    mac: await macOfPeer(),
    interface: 'eth0',
    kind: 'stranger',
  })
}

for (const ip of [V4, V6]) {
  test(`netns/rivals: a stranger that has ${ip} before us is told of, and it is announced all the same`, async () => {
    await start()
    await peerTakes(ip)
    await host.announce([ip], { first: [ip] })
    await strangerToldOf(ip)
    await host.heard('announced', ({ ips }) => ips.includes(ip))
    const kinds = host.messages.map(({ kind }) => kind)
    assert.ok(kinds.indexOf('rivals') < kinds.indexOf('announced'), kinds.join())
    const { rivals, rivalsFound } = await host.counters()
    assert.equal(rivals.length, 1)
    assert.deepEqual(rivalsFound, { stranger: 1, speaker: 0 })
  })

  test(`netns/rivals: a fail-over of ${ip} is announced at once, and checked right after`, async () => {
    await start()
    await peerTakes(ip)
    await host.announce([ip])
    await host.heard('announced', ({ ips }) => ips.includes(ip))
    await strangerToldOf(ip)
    const kinds = host.messages.map(({ kind }) => kind)
    assert.ok(kinds.indexOf('announced') < kinds.indexOf('rivals'), kinds.join())
  })
}

test('netns/rivals: a new address is asked for twice, then announced, and nothing is said of anybody', async () => {
  await start()
  const seen = await captureAtPeer(4, 'arp and arp[24:4] = 0x0a4d0009', async () => {
    await host.announce([V4], { first: [V4] })
  })
  const lines = seen.split('\n').filter((line) => /who-has|is-at/.test(line))
  const what = lines.map((line) => (/tell 0\.0\.0\.0/.test(line) ? 'probe' : 'announcement'))
  assert.deepEqual(what, ['probe', 'probe', 'announcement', 'announcement'], seen)
  assert.ok(!host.messages.some(({ kind }) => kind === 'rivals'))
})

test('netns/rivals: nobody is answered before the address is announced', async () => {
  await start()
  const asking = run(inside(PEER, 'arping', '-c', '1', '-w', '0.1', '-i', 'eth0', V4))
  await host.announce([V4], { first: [V4] })
  await run(inside(PEER, 'arping', '-c', '1', '-W', '0.01', '-w', '0.1', '-i', 'eth0', V4))
  await asking
  await host.heard('announced', ({ ips }) => ips.includes(V4))
  await isAnswered(V4)
})

test('netns/rivals: who takes the address later is found by what it sends', async () => {
  await start()
  await host.announce([V4])
  await host.heard('announced', ({ ips }) => ips.includes(V4))
  // An ARP request for another, from the address of ours.
  await run(inside(PEER, 'arping', '-c', '1', '-w', '1', '-i', 'eth0', '-S', V4, '10.77.0.1'))
  await strangerToldOf(V4)
})

test('netns/rivals: the kernel of another speaker is no stranger, and told of when it goes on', async () => {
  await start()
  host.tell({ kind: 'speakers', addresses: ['10.77.0.1', '10.77.0.2'] })
  await peerTakes(V4)
  const started = performance.now()
  await host.announce([V4])
  const found = await until('the rival', async () => {
    const { rivals } = await host.counters()
    return rivals[0]
  })
  assert.partialDeepStrictEqual(found, { ip: V4, kind: 'speaker', speaker: '10.77.0.2' })
  assert.ok(!host.messages.some(({ kind }) => kind === 'rivals'), 'told of at once')
  // Its kernel uses the address for all it asks.
  await until('the alarm', async () => {
    await run(inside(PEER, 'arping', '-c', '1', '-w', '0.2', '-i', 'eth0', '-S', V4, '10.77.0.1'))
    return host.messages.some(({ kind }) => kind === 'rivals')
  })
  assert.ok(performance.now() - started >= DISPUTE_MS)
  const { alarms } = await alarmOf(V4)
  assert.partialDeepStrictEqual(alarms, [{ kind: 'speaker', speaker: '10.77.0.2' }])
  await conflicts(`${V4} speaker`)
})

test('netns/rivals: defended is what a stranger uses: announced again at once', async () => {
  await start({ conflict: 'defend' })
  await host.announce([V4])
  const gratuitous = async () => (await host.counters()).vips[0]?.gratuitousSent ?? 0
  await until('all bursts', async () => (await gratuitous()) === 10, { everyMs: 50 })
  await run(inside(PEER, 'arping', '-c', '1', '-w', '1', '-i', 'eth0', '-S', V4, '10.77.0.1'))
  await strangerToldOf(V4)
  await until('another announcement', async () => (await gratuitous()) === 12, {
    timeoutMs: 2000,
    everyMs: 20,
  })
})

test('netns/rivals: yielded is what a stranger has, until it is gone', async () => {
  await start({ conflict: 'yield' })
  await peerTakes(V4)
  await host.announce([V4, V6], { first: [V4, V6] })
  await strangerToldOf(V4)
  await conflicts(`${V4} stranger`)
  await host.heard('announced', ({ ips }) => ips.includes(V6))
  // Asked from the address it has of its own, so that the answer would be heard.
  await run(inside(PEER, 'arping', '-c', '2', '-w', '1', '-i', 'eth0', '-S', '10.77.0.2', V4))
  const counters = await host.counters()
  assert.equal(counters.vips.find(({ ip }) => ip === V4)?.gratuitousSent ?? 0, 0)
  assert.ok((counters.drops['yielded'] ?? 0) > 0, JSON.stringify(counters.drops))
  await peerDrops(V4)
  await host.heard('rivals', ({ gone }) => gone.some(({ ip }) => ip === V4), GONE_MS + 5000)
  await conflicts()
  await host.heard('announced', ({ ips }) => ips.includes(V4))
  await isAnswered(V4)
})

test('netns/rivals: what has moved away has no rivals here', async () => {
  await start()
  await peerTakes(V4)
  await host.announce([V4])
  await strangerToldOf(V4)
  await conflicts(`${V4} stranger`)
  await host.announce([])
  assert.deepEqual((await host.counters()).rivals, [])
  await conflicts()
})
