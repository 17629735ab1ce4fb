/** The packet thread on a real wire, questioned by arping and another kernel. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { question } from '../../src/core/announce/ask.ts'
import { gratuitousFrames } from '../../src/core/announce/gratuitous.ts'
import { parseIp } from '../../src/core/net/ip.ts'
import { parseMac } from '../../src/core/net/mac.ts'
import { lateness } from '../lab/lateness.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import {
  NODE,
  NODE_MAC,
  PEER,
  PacketHost,
  addCable,
  captureAtPeer,
  createNamespaces,
  indexAtPeer,
  inside,
  removeNamespaces,
  script,
  sendFromPeer,
} from './packet-node.ts'

/** IFF_UP, IFF_BROADCAST, IFF_RUNNING, as netdevice(7) has them. */
const UP_AND_RUNNING = 0x43
const V4 = '10.77.0.9'
const V6 = 'fd77::9'
const OTHER_MAC = '02:00:00:00:77:02'

let host: PacketHost

before(ensureLabPackages)
beforeEach(async () => {
  await createNamespaces()
  host = new PacketHost({ exclude: ['^excluded'] })
  await host.heard('ready')
  await host.heard('interfaces', ({ names }) => names.includes('eth0'))
})
afterEach(() => host.stop())
after(removeNamespaces)

/** How many of three ARP requests are answered within so many seconds each, and by whom. */
async function asked(seconds: string, address: string, on = 'eth0', ...options: string[]) {
  const argv = ['arping', '-c', '1', '-C', '1', '-W', seconds, '-i', on, ...options, address]
  let said = ''
  for (let i = 0; i < 3; i++) said += (await run(inside(PEER, ...argv))).stdout
  const answers = [...said.matchAll(/from ([0-9a-f:]{17}) \(/g)].map(([, mac]) => mac)
  return { count: answers.length, macs: [...new Set(answers)] }
}
/** Where answers are expected, which may be late; and where none are. */
const arping = asked.bind(null, '5')
const arpingInVain = asked.bind(null, '0.1')

/** The MAC that the peer's kernel learns for an address, which it asks for by multicast. */
async function ndisc(address: string): Promise<string | undefined> {
  await must(['ip', '-n', PEER, '-6', 'neigh', 'flush', 'dev', 'eth0'])
  await run(inside(PEER, 'ping', '-6', '-c', '1', '-W', '0.2', address))
  const learned = await must(['ip', '-n', PEER, '-6', 'neigh', 'show', address])
  return /lladdr (\S+)/.exec(learned)?.[1]
}

const answered = { count: 3, macs: [NODE_MAC] }
const silence = { count: 0, macs: [] }

test('netns/packet: it answers for the VIPs, and for nothing else', async () => {
  await host.announce([V4, V6])
  assert.deepEqual(await arping(V4), answered)
  assert.deepEqual(await arpingInVain('10.77.0.8'), silence)
  await until('the kernel to learn it', async () => (await ndisc(V6)) === NODE_MAC)
  assert.equal(await ndisc('fd77::8'), undefined)
  const { vips, drops } = await host.counters()
  const v4 = vips.find(({ ip }) => ip === V4)
  assert.deepEqual([v4?.requestsReceived, v4?.responsesSent], [3, 3])
  assert.ok((drops['notAnnounced'] ?? 0) >= 3, JSON.stringify(drops))
})

test('netns/packet: a request to its own MAC is answered too', async () => {
  await host.announce([V4])
  assert.deepEqual(await arping(V4, 'eth0', '-t', NODE_MAC), answered)
})

test('netns/packet: it is silent from the moment the table is empty', async () => {
  await host.announce([V4, V6])
  assert.deepEqual(await arping(V4), answered)
  await host.announce([])
  assert.deepEqual(await arpingInVain(V4), silence)
  assert.equal(await ndisc(V6), undefined)
})

test('netns/packet: an interface plugged in later answers, and the group is asked for', async () => {
  await host.announce([V4, V6])
  await addCable('eth1', OTHER_MAC)
  await host.heard('interfaces', ({ names }) => names.includes('eth1'))
  assert.deepEqual(await arping(V4, 'eth1', '-S', '10.77.0.2'), { count: 3, macs: [OTHER_MAC] })
  const { groups } = await host.heard('groups', (message) => message.groups.length === 2)
  assert.deepEqual(
    groups.map(({ interface: name, group }) => [name, group]),
    [
      ['eth0', 'ff02::1:ff00:9'],
      ['eth1', 'ff02::1:ff00:9'],
    ],
  )
})

for (const [what, names] of [
  ['left out by its name', ['excluded0']],
  ['that the VIP is not listed for', ['eth1']],
] as const) {
  test(`netns/packet: an interface ${what} is silent`, async () => {
    const [name] = names
    await addCable(name, OTHER_MAC)
    await host.announce([{ ip: V4, interfaces: ['eth0', 'excluded0'] }])
    assert.deepEqual(await arping(V4), answered)
    assert.deepEqual(await arpingInVain(V4, name, '-S', '10.77.0.2'), silence)
  })
}

test('netns/packet: an interface that goes down and a port of a bridge no longer qualify', async () => {
  await must(['ip', '-n', NODE, 'link', 'set', 'eth0', 'down'])
  await host.heard('interfaces', ({ names }) => names.length === 0)
  await must(['ip', '-n', NODE, 'link', 'set', 'eth0', 'up'])
  await host.heard('interfaces', ({ names }) => names.join() === 'eth0')
  await must(['ip', '-n', NODE, 'link', 'add', 'br0', 'type', 'bridge'])
  await must(['ip', '-n', NODE, 'link', 'set', 'eth0', 'master', 'br0'])
  await host.heard('interfaces', ({ names }) => names.length === 0)
})

test('netns/packet: changes that overran the queue are made up for', async () => {
  await addCable('eth1', OTHER_MAC)
  await host.heard('interfaces', ({ names }) => names.includes('eth1'))
  host.signal('SIGSTOP')
  const toggles = Array.from(
    { length: 4000 },
    (_, i) => `link set eth1 arp ${i % 2 ? 'on' : 'off'}`,
  )
  const input = [...toggles, 'link del eth1'].join('\n')
  await must(['ip', '-n', NODE, '-batch', '-'], { input })
  const sockets = await must(inside(NODE, 'cat', '/proc/net/netlink'))
  const drops = sockets.split('\n').map((line) => Number(line.trim().split(/\s+/)[8]))
  assert.ok(
    drops.some((number) => number > 0),
    sockets,
  )
  host.signal('SIGCONT')
  await host.heard('interfaces', ({ names }) => names.join() === 'eth0')
})

test("netns/packet: a kernel's unicast reachability probe is answered", async () => {
  await host.announce([V6])
  const neighbour = [V6, 'lladdr', NODE_MAC, 'dev', 'eth0']
  const state = () => must(['ip', '-n', PEER, '-6', 'neigh', 'show', V6])
  await must(['ip', '-n', PEER, '-6', 'neigh', 'replace', ...neighbour, 'nud', 'probe'])
  // Solicitations by multicast follow only when the three unicast ones fail, 1 s apart.
  await until('REACHABLE', async () => (await state()).includes('REACHABLE'), {
    timeoutMs: 2500,
    everyMs: 20,
  })
})

test('netns/packet: who probes for a duplicate of a VIP learns that it is taken', async () => {
  await host.announce([V6])
  await must(inside(PEER, 'sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=1'))
  await must(['ip', '-n', PEER, 'addr', 'add', `${V6}/64`, 'dev', 'eth0'])
  const show = ['ip', '-n', PEER, '-6', 'addr', 'show', 'dev', 'eth0', 'to', V6]
  await until('dadfailed', async () => (await must(show)).includes('dadfailed'), {
    timeoutMs: 10_000,
    everyMs: 50,
  })
})

test('netns/packet: what it has given it answers until another announces it, and not once more', async () => {
  const known = (text: string) => parseIp(text) ?? assert.fail(text)
  const mac = parseMac('02:00:00:00:77:99') ?? assert.fail()
  const on = { index: 0, name: 'eth0', mac, arp: true, linkLocal: known('fe80::99') }
  const address = { index: 0, prefixLength: 0, flags: 0 }
  const addresses = ['10.77.0.2', 'fd77::2'].map((text) => ({ ...address, ip: known(text) }))
  const frames = [V4, V6].flatMap((text) => {
    const ip = known(text)
    const asked =
      question(ip, [{ ...on, flags: UP_AND_RUNNING, master: 0 }], addresses)?.frame ?? assert.fail()
    return [asked, ...gratuitousFrames({ vip: { ip, text, interfaces: 'all' }, on }), asked, asked]
  })
  await host.announce([V4, V6])
  for (const text of [V4, V6]) await host.heard('announced', ({ ips }) => ips.includes(text))
  await host.announce([V4, V6], { lame: [V4, V6] })
  await sendFromPeer(...frames)
  for (const text of [V4, V6]) {
    await host.heard('claimed', ({ ips }) => ips.includes(text))
    const counts = (await host.counters()).vips.find(({ ip }) => ip === text)
    assert.deepEqual([counts?.requestsReceived, counts?.responsesSent], [1, 1])
  }
  // A table that was on its way does not know.
  await host.announce([V4, V6], { lame: [V4, V6] })
  assert.deepEqual(await arpingInVain(V4), silence)
  await host.announce([V4, V6])
  assert.deepEqual(await arping(V4), answered)
})

const count = (all: string, part: RegExp) => [...all.matchAll(part)].length

test('netns/packet: a new VIP is told of five times in 5 s, as a request and as a reply', async () => {
  // Without the probe, which has no sender address.
  const filter = `arp and ether src ${NODE_MAC} and arp[14:4] != 0`
  const late = lateness()
  const seen = await captureAtPeer(10, filter, () => host.announce([V4]))
  assert.equal(count(seen, /> ff:ff:ff:ff:ff:ff.*\n?.*Request who-has 10\.77\.0\.9/g), 5, seen)
  assert.equal(count(seen, /> ff:ff:ff:ff:ff:ff.*\n?.*Reply 10\.77\.0\.9 is-at/g), 5, seen)
  const atMs = [...seen.matchAll(/^\d+\.\d+/gm)].map(([seconds]) => Number(seconds) * 1000)
  const tookMs = (atMs.at(-1) ?? 0) - (atMs[0] ?? 0)
  assert.ok(tookMs > 4000 && tookMs < 5000 + late(), `${tookMs} ms: ${seen}`)
})

test('netns/packet: a new IPv6 VIP is told of to all nodes, unsolicited, overriding', async () => {
  const filter = `icmp6 and ip6[40] == 136 and ether src ${NODE_MAC}`
  const seen = await captureAtPeer(2, filter, () => host.announce([V6]))
  const advertisements = /ff02::1: .*neighbor advertisement.*tgt is fd77::9, Flags \[override\]/g
  assert.equal(count(seen, advertisements), 2, seen)
})

test('netns/packet: a table sent again is silent, unless it is to be announced anew', async () => {
  await host.announce([V4])
  const gratuitous = async () =>
    (await host.counters()).vips.find(({ ip }) => ip === V4)?.gratuitousSent ?? 0
  await until('all bursts', async () => (await gratuitous()) === 10, { everyMs: 50 })
  await host.announce([V4, V6])
  assert.equal(await gratuitous(), 10)
  await host.announce([V4, V6], { again: true })
  await until('a burst', async () => (await gratuitous()) > 10, { timeoutMs: 1000, everyMs: 10 })
})

test('netns/packet: a flood of garbage leaves it answering', async () => {
  await host.announce([V4, V6])
  await must(inside(PEER, process.execPath, script('packet-flood'), await indexAtPeer(), '20000'))
  assert.deepEqual(await arping(V4), answered)
  await until('the kernel to learn it', async () => (await ndisc(V6)) === NODE_MAC)
  const { drops } = await host.counters()
  const dropped = Object.values(drops).reduce((sum, n) => sum + n, 0)
  assert.ok(dropped > 10_000, JSON.stringify(drops))
})

test('netns/packet: it stops in order, also in the middle of the bursts', async () => {
  await host.announce([V4, V6])
  assert.equal(await host.stop(), 0)
  assert.ok(host.messages.some(({ kind }) => kind === 'stopped'))
})
