/** Where the packet thread announces, as interfaces come, go and change: by what the kernel tells. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { AnnouncedVip } from '../../src/speaker/messages.ts'
import { parseArpEvents } from '../lab/arp-timeline.ts'
import { lateness } from '../lab/lateness.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import {
  NODE,
  NODE_MAC,
  PEER,
  PacketHost,
  createNamespaces,
  inside,
  removeNamespaces,
} from './packet-node.ts'

const VIP = '10.77.0.9'
const WATCH = fileURLToPath(new URL('../bench/arp-watch.ts', import.meta.url))
const PLUG_MAC = '02:00:00:00:77:07'

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

const node = (...argv: string[]) => must(['ip', '-n', NODE, ...argv])
const peer = (...argv: string[]) => must(['ip', '-n', PEER, ...argv])
const on = (...interfaces: string[]): AnnouncedVip => ({ ip: VIP, interfaces })

/** Whose MAC addresses answer for the VIP on this interface of the peer. */
async function answerers(name: string): Promise<string[]> {
  const argv = ['arping', '-c', '2', '-W', '0.1', '-w', '3', '-S', '10.77.0.2', '-i', name, VIP]
  const { stdout } = await run(inside(PEER, ...argv))
  return [...new Set([...stdout.matchAll(/from ([0-9a-f:]{17}) \(/g)].map(([, mac]) => mac ?? ''))]
}

/** That one alone answers there. Asked until somebody does: an answer may be late. */
async function answers(name: string, mac: string): Promise<void> {
  const macs = await until(`an answer on ${name}`, async () => {
    const macs = await answerers(name)
    return macs.length > 0 && macs
  })
  assert.deepEqual(macs, [mac])
}

/** The interfaces that qualify are these. */
const qualify = (...names: string[]) =>
  host.heard('interfaces', (message) => message.names.join() === names.join())

test('netns/interfaces: one that is plugged in answers within 100 ms', async (t) => {
  await host.announce([VIP])
  const ends = ['peer', 'name', 'plug0', 'netns', NODE]
  await peer('link', 'add', 'plug0', 'address', '02:00:00:00:77:08', 'type', 'veth', ...ends)
  await peer('link', 'set', 'plug0', 'up')
  await node('link', 'set', 'plug0', 'address', PLUG_MAC)
  const [file = '', ...args] = inside(PEER, process.execPath, WATCH, 'plug0', VIP)
  const watch = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let lines = ''
  watch.stdout.setEncoding('utf8').on('data', (text: string) => (lines += text))
  await until('requests', () => lines.includes('"seq":50'), { everyMs: 20 })
  const late = lateness()
  await node('link', 'set', 'plug0', 'up')
  const pluggedMs = performance.timeOrigin + performance.now()
  const answer = () => parseArpEvents(lines).find(({ mac }) => mac !== undefined)
  const first = await until('an answer', answer, { timeoutMs: 10_000, everyMs: 20 })
  watch.kill()
  await once(watch, 'exit')
  const tookMs = first.atMs - pluggedMs
  t.diagnostic(`answered ${tookMs.toFixed(1)} ms after it was up`)
  assert.equal(first.mac, PLUG_MAC)
  assert.ok(tookMs < 100 + late(), `${tookMs} ms`)
})

test('netns/interfaces: one that is renamed is another one', async () => {
  await host.announce([on('lan0')])
  assert.deepEqual(await answerers('eth0'), [])
  await node('link', 'set', 'eth0', 'down')
  await node('link', 'set', 'eth0', 'name', 'lan0')
  await node('link', 'set', 'lan0', 'up')
  await qualify('lan0')
  await answers('eth0', NODE_MAC)
})

test('netns/interfaces: without ARP, without a carrier, or gone it no longer qualifies', async () => {
  await node('link', 'set', 'eth0', 'arp', 'off')
  await qualify()
  await node('link', 'set', 'eth0', 'arp', 'on')
  await qualify('eth0')
  await peer('link', 'set', 'eth0', 'down')
  await qualify()
  await peer('link', 'set', 'eth0', 'up')
  await qualify('eth0')
  await node('link', 'del', 'eth0')
  await qualify()
})

test('netns/interfaces: a list of interfaces to exclude counts as soon as it changes', async () => {
  await host.announce([VIP])
  await answers('eth0', NODE_MAC)
  host.tell({ kind: 'exclude', patterns: ['^eth'] })
  await qualify()
  assert.deepEqual(await answerers('eth0'), [])
  host.tell({ kind: 'exclude', patterns: [] })
  await qualify('eth0')
  await answers('eth0', NODE_MAC)
})

test('netns/interfaces: a bridge answers in place of its port', async () => {
  await host.announce([VIP])
  await node('link', 'add', 'br0', 'address', PLUG_MAC, 'type', 'bridge')
  await node('link', 'set', 'eth0', 'master', 'br0')
  await node('link', 'set', 'br0', 'up')
  await qualify('br0')
  await answers('eth0', PLUG_MAC)
  await node('link', 'set', 'eth0', 'nomaster')
  await node('link', 'del', 'br0')
  await qualify('eth0')
  await answers('eth0', NODE_MAC)
})

test('netns/interfaces: a bond answers in place of its members', async (t) => {
  const add = ['ip', '-n', NODE, 'link', 'add', 'bond0', 'type', 'bond', 'mode', 'active-backup']
  const made = await run([...add, 'miimon', '50'])
  if (made.code !== 0) return t.skip(`this kernel makes no bond: ${made.stderr.trim()}`)
  await host.announce([VIP])
  await node('link', 'set', 'eth0', 'down')
  await node('link', 'set', 'eth0', 'master', 'bond0')
  await node('link', 'set', 'bond0', 'up')
  await qualify('bond0')
  await answers('eth0', NODE_MAC)
  await peer('link', 'set', 'eth0', 'down')
  await qualify()
})

test('netns/interfaces: a VLAN answers for what is announced on it, and goes with its parent', async (t) => {
  const vlan = ['link', 'add', 'link', 'eth0', 'name', 'eth0.5', 'type', 'vlan', 'id', '5']
  const made = await run(['ip', '-n', NODE, ...vlan])
  if (made.code !== 0) return t.skip(`this kernel makes no VLAN: ${made.stderr.trim()}`)
  await host.announce([on('eth0.5')])
  await peer(...vlan)
  await peer('link', 'set', 'eth0.5', 'up')
  await node('link', 'set', 'eth0.5', 'up')
  await qualify('eth0', 'eth0.5')
  await answers('eth0.5', NODE_MAC)
  assert.deepEqual(await answerers('eth0'), [])
  await peer('link', 'set', 'eth0', 'down')
  await qualify()
})

test('netns/interfaces: a macvlan and its parent are two, told apart by name', async () => {
  const macvlan = ['name', 'mac0', 'address', PLUG_MAC, 'type', 'macvlan', 'mode', 'bridge']
  await node('link', 'add', 'link', 'eth0', ...macvlan)
  await node('link', 'set', 'mac0', 'up')
  await qualify('eth0', 'mac0')
  await host.announce([on('mac0')])
  await answers('eth0', PLUG_MAC)
  await host.announce([on('eth0')])
  await answers('eth0', NODE_MAC)
})

test('netns/interfaces: IPv6 is answered for once there is a link-local address, and as long as there is', async () => {
  const vip = 'fd77::9'
  const answered = async () => {
    await peer('-6', 'neigh', 'flush', 'dev', 'eth0')
    await run(inside(PEER, 'ping', '-6', '-c', '1', '-W', '0.2', vip))
    return (await peer('-6', 'neigh', 'show', vip)).includes(NODE_MAC)
  }
  await host.announce([vip])
  await until('an answer', answered, { timeoutMs: 5000, everyMs: 20 })
  const show = await node('-6', '-o', 'addr', 'show', 'dev', 'eth0', 'scope', 'link')
  const linkLocal = /fe80::[0-9a-f:]+\/64/.exec(show)?.[0] ?? assert.fail(show)
  await node('-6', 'addr', 'del', linkLocal, 'dev', 'eth0')
  await until('silence', async () => !(await answered()), { everyMs: 20 })
  await node('-6', 'addr', 'add', linkLocal, 'dev', 'eth0', 'nodad')
  await until('an answer', answered, { timeoutMs: 5000, everyMs: 20 })
})
