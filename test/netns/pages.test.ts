/** A whole speaker in a network namespace, seen from outside: its metrics, its view, its events. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../lab/until.ts'
import { ADDRESS, VIP, WholeSpeaker } from './whole-speaker.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellwether-pages-'))
let speaker: WholeSpeaker

before(async () => {
  speaker = await WholeSpeaker.create('bwpages')
  // An empty secret.
  writeFileSync(join(folder, 'secretkey'), '')
  await speaker.start(`--ml-secret-key-path=${folder}`)
})
after(async () => {
  await speaker.remove()
  rmSync(folder, { recursive: true })
})

const page = (path: string) => speaker.page(path)
const told = (reason: string) =>
  until(`the event ${reason}`, () => speaker.events.find((event) => event.reason === reason))

test("netns/pages: metrics of all threads, MetalLB's by their names", async () => {
  const announced = `metallb_speaker_announced{service="default/nginx",protocol="layer2",node="w1",ip="${VIP}"} 1`
  await until('it to announce', async () => (await page('/metrics')).includes(announced))
  await speaker.atPeer('arping', '-c', '1', '-C', '1', '-W', '5', '-I', 'eth0', VIP)
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
  const { type, message, involvedObject } = await told('GossipNotEncrypted')
  assert.equal(type, 'Warning')
  assert.match(message, /^gossip is not encrypted: the secret "memberlist" is empty/)
  const { kind, name, uid } = involvedObject
  assert.deepEqual([kind, name], ['Pod', 'speaker-1'])
  assert.ok(uid)
})

test('netns/pages: a stranger that uses the address is told of by an event on the Service', async () => {
  const asking = ['arping', '-c', '1', '-I', 'eth0', '-S', VIP, ADDRESS]
  await speaker.atPeer(...asking).catch(() => undefined)
  const { type, message, involvedObject } = await told('AddressConflict')
  const mac = await speaker.mac('peer')
  assert.equal(type, 'Warning')
  assert.deepEqual([involvedObject.kind, involvedObject.name], ['Service', 'nginx'])
  for (const part of [VIP, mac, 'w1', '--address-conflict=tell']) {
    assert.ok(message.includes(part), `${part} not in ${message}`)
  }
  const text = await page('/metrics')
  assert.ok(text.includes(`bellwether_rivals{ip="${VIP}",mac="${mac}",kind="stranger"} 1`), text)
})
