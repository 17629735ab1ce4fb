/** A whole speaker in a network namespace, seen from outside: its metrics, its view, its events. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { script } from './packet-node.ts'

const NETNS = `bwpages-${process.pid}`
const PEER = `${NETNS}-peer`
const ADDRESS = '10.89.0.1'
const VIP = '10.89.0.64'

interface Line {
  readonly ready?: boolean
  readonly reason?: string
  readonly type?: string
  readonly message?: string
  readonly involvedObject?: { readonly kind: string; readonly name: string; readonly uid: string }
}

const folder = mkdtempSync(join(tmpdir(), 'bellwether-pages-'))
const lines: Line[] = []
let stop = (): Promise<void> => Promise.resolve()

const inside = (netns: string, ...argv: string[]) => must(['ip', 'netns', 'exec', netns, ...argv])
const page = (path: string) => inside(NETNS, 'curl', '-sS', `http://127.0.0.1:17472${path}`)

before(async () => {
  for (const name of [NETNS, PEER]) await must(['ip', 'netns', 'add', name])
  await inside(NETNS, 'ip', 'link', 'set', 'lo', 'up')
  const cable = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', PEER]
  await must(['ip', '-n', NETNS, 'link', 'add', 'eth0', ...cable])
  for (const [name, address] of [
    [NETNS, ADDRESS],
    [PEER, '10.89.0.2'],
  ] as const) {
    await must(['ip', '-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0'])
    await must(['ip', '-n', name, 'link', 'set', 'eth0', 'up'])
  }
  // An empty secret.
  writeFileSync(join(folder, 'secretkey'), '')
  const child = spawn(
    'ip',
    [
      ...['netns', 'exec', NETNS, process.execPath, script('speaker-host')],
      ...['--namespace=metallb-system', '--node-name=w1', '--pod-name=speaker-1'],
      ...[`--ml-bindaddr=${ADDRESS}`, '--ml-labels=component=speaker'],
      `--ml-secret-key-path=${folder}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const late = setTimeout(() => child.kill('SIGKILL'), 5000)
    child.kill('SIGTERM')
    await once(child, 'exit')
    clearTimeout(late)
  }
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line))
  await until('it to serve', () => lines.some(({ ready }) => ready), { everyMs: 50 })
})
after(async () => {
  await stop()
  for (const name of [NETNS, PEER]) await run(['ip', 'netns', 'del', name])
  rmSync(folder, { recursive: true })
})

test("netns/pages: metrics of all threads, MetalLB's by their names", async () => {
  const announced = `metallb_speaker_announced{service="default/nginx",protocol="layer2",node="w1",ip="${VIP}"} 1`
  await until('it to announce', async () => (await page('/metrics')).includes(announced))
  await inside(PEER, 'arping', '-c', '1', '-I', 'eth0', VIP)
  const text = await until('it to count', async () => {
    const text = await page('/metrics')
    return text.includes(`metallb_layer2_responses_sent{ip="${VIP}"} 1`) && text
  })
  for (const line of [
    announced,
    `metallb_layer2_requests_received{ip="${VIP}"} 1`,
    'bellwether_gossip_members{state="alive"} 1',
    'bellwether_gossip_health_score 0',
    'bellwether_thread_answering{thread="gossip"} 1',
    'bellwether_thread_answering{thread="packet"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\nnot in\n${text}`)
  }
  assert.match(text, new RegExp(`^metallb_layer2_gratuitous_sent{ip="${VIP}"} \\d+$`, 'm'))
})

test('netns/pages: the view tells members, owners and problems', async () => {
  const text = await page('/debug/view')
  const view = JSON.parse(text) as {
    readonly owners: readonly object[]
    readonly interfaces: readonly { readonly name: string; readonly mac: string }[]
    readonly gossip: {
      readonly members: readonly { readonly name: string; readonly kind: string }[]
    }
    readonly problems: readonly { readonly reason: string }[]
  }
  assert.deepEqual(Object.keys(view), [
    'node',
    'notReady',
    'problems',
    'config',
    'owners',
    'interfaces',
    'refused',
    'gossip',
    'packet',
    'answering',
  ])
  const own = { service: 'default/nginx', ip: VIP, owner: 'w1', next: null }
  assert.partialDeepStrictEqual(view.owners, [{ ...own, taken: { cause: 'first' } }])
  assert.match(text, /"since": \d+/)
  assert.ok(view.interfaces.every(({ mac }) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)))
  assert.ok(view.interfaces.length > 0)
  assert.partialDeepStrictEqual(view.gossip.members, [
    { name: 'w1', address: `${ADDRESS}:7946`, state: 'alive', kind: 'ours', heardMs: null },
  ])
  assert.deepEqual(
    view.problems.map(({ reason }) => reason),
    ['GossipNotEncrypted'],
  )
})

test('netns/pages: an empty secret is told by an event on the own pod', async () => {
  const told = await until('the event', () =>
    lines.find(({ reason }) => reason === 'GossipNotEncrypted'),
  )
  assert.equal(told.type, 'Warning')
  assert.match(told.message ?? '', /^gossip is not encrypted: the secret "memberlist" is empty/)
  const { kind, name, uid } = told.involvedObject ?? {}
  assert.deepEqual([kind, name], ['Pod', 'speaker-1'])
  assert.ok(uid)
})

test('netns/pages: a stranger that uses the address is told of by an event on the Service', async () => {
  await inside(PEER, 'arping', '-c', '1', '-I', 'eth0', '-S', VIP, ADDRESS).catch(() => undefined)
  const told = await until('the event', () =>
    lines.find(({ reason }) => reason === 'AddressConflict'),
  )
  const link = await must(['ip', '-n', PEER, '-o', 'link', 'show', 'eth0'])
  const mac = /link\/ether (\S+)/.exec(link)?.[1] ?? assert.fail(link)
  assert.equal(told.type, 'Warning')
  assert.deepEqual([told.involvedObject?.kind, told.involvedObject?.name], ['Service', 'nginx'])
  for (const part of [VIP, mac, 'w1', '--address-conflict=tell']) {
    assert.ok(told.message?.includes(part), `${part} not in ${told.message}`)
  }
  const text = await page('/metrics')
  assert.ok(text.includes(`bellwether_rivals{ip="${VIP}",mac="${mac}",kind="stranger"} 1`), text)
})
