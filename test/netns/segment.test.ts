/** The packet thread asks the kernel next to it, and tells of its own cable. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import {
  NODE,
  PEER,
  PacketHost,
  createNamespaces,
  inside,
  removeNamespaces,
} from './packet-node.ts'

let host: PacketHost

before(ensureLabPackages)
beforeEach(async () => {
  await createNamespaces()
  // What is announced where has nothing to do with whom can be asked.
  host = new PacketHost({ exclude: ['^eth0$'] })
  await host.heard('interfaces', ({ names }) => names.length === 0)
})
afterEach(() => host.stop())
after(removeNamespaces)

/** Whose kernels have answered, in order. */
const answers = () => host.messages.flatMap((said) => (said.kind === 'answered' ? [said.ip] : []))

async function asks(address: string): Promise<void> {
  const told = answers().length
  host.tell({ kind: 'ask', ip: address })
  await until(`an answer of ${address}`, () => answers().indexOf(address, told) >= 0, {
    timeoutMs: 5000,
    everyMs: 5,
  })
}

/** Swallows questions of either family. */
const MUTE = `
  add table arp mute
  add chain arp mute input { type filter hook input priority 0; policy drop; }
  add table ip6 mute
  add chain ip6 mute input { type filter hook input priority 0; }
  add rule ip6 mute input icmpv6 type nd-neighbor-solicit drop`

for (const [family, peer, nobody, beyond] of [
  ['IPv4', '10.77.0.2', '10.77.0.3', '10.78.0.2'],
  ['IPv6', 'fd77::2', 'fd77::3', 'fd78::2'],
] as const) {
  test(`netns/segment: a kernel answers for its ${family} address, each time it is asked, and for no other`, async () => {
    host.tell({ kind: 'ask', ip: nobody })
    host.tell({ kind: 'ask', ip: beyond })
    await asks(peer)
    await asks(peer)
    assert.deepEqual(answers(), [peer, peer])
  })

  test(`netns/segment: what answers to this node's own kernel for ${family} is not told`, async () => {
    await must(inside(NODE, 'ping', '-c', '1', '-W', '1', peer))
    await until('the answer to be counted', async () => {
      return ((await host.counters()).drops['notAsked'] ?? 0) > 0
    })
    assert.deepEqual(answers(), [])
  })

  test(`netns/segment: an ${family} neighbour whose kernel is mute is not told of`, async () => {
    await must(inside(PEER, 'nft', '-f', '-'), { input: MUTE })
    host.tell({ kind: 'ask', ip: peer })
    // Told one after the other: with the counts here, the question is on the wire.
    await host.counters()
    await must(inside(PEER, 'nft', 'flush', 'ruleset'))
    await asks(peer)
    assert.equal(answers().length, 1)
  })

  test(`netns/segment: the ${family} kernel of a cable just plugged in answers`, async () => {
    await must(['ip', '-n', PEER, 'link', 'set', 'eth0', 'down'])
    await until('no carrier', async () => {
      return (await must(['ip', '-n', NODE, 'link', 'show', 'eth0'])).includes('NO-CARRIER')
    })
    host.tell({ kind: 'ask', ip: peer })
    await host.counters()
    assert.deepEqual(answers(), [])
    await must(['ip', '-n', PEER, 'link', 'set', 'eth0', 'up'])
    await run(['ip', '-n', PEER, 'addr', 'add', 'fd77::2/64', 'dev', 'eth0', 'nodad'])
    await until('an answer', () => {
      host.tell({ kind: 'ask', ip: peer })
      return answers().includes(peer)
    })
  })
}

test('netns/segment: it tells when its own cable is pulled and when it is in again', async () => {
  const carriers = () => host.messages.flatMap((said) => (said.kind === 'carrier' ? [said.up] : []))
  host.tell({ kind: 'bound', ip: '10.77.0.1' })
  await must(['ip', '-n', PEER, 'link', 'set', 'eth0', 'down'])
  await host.heard('carrier', ({ up }) => !up)
  await must(['ip', '-n', PEER, 'link', 'set', 'eth0', 'up'])
  await host.heard('carrier', ({ up }) => up)
  await must(['ip', '-n', NODE, 'addr', 'del', '10.77.0.1/24', 'dev', 'eth0'])
  await until('the lost address', () => carriers().length === 3)
  assert.deepEqual(carriers(), [false, true, false])
})
