import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { packetCounters } from '../../test/fakes/packet-counters.ts'
import { Inquiry } from './inquiry.ts'
import type { GossipThreadView, OwnerNow, PacketCounters } from './messages.ts'
import { SpeakerMetrics } from './metrics.ts'
import { speakerPages } from './pages.ts'

const ETH0 = { name: 'eth0', mac: '02:00:00:00:00:01' }
const NOBODYS = {
  service: 'default/nginx',
  ip: '10.0.0.1',
  owner: undefined,
  why: 'no candidates',
  holding: 'none',
} as const

/** A speaker whose packet thread answers and whose gossip thread does not. */
function setUp() {
  const clock = new FakeClock()
  let asked = 0
  const gossip = new Inquiry<GossipThreadView | undefined>(clock, 1000, () => asked++)
  const packet: Inquiry<PacketCounters> = new Inquiry(clock, 1000, () => {
    packet.answered(packetCounters({ interfaces: [ETH0], drops: { notAnnounced: 2 } }))
  })
  const ownersNow = new Inquiry<readonly OwnerNow[]>(clock, 1000, () => undefined)
  const pages = speakerPages({
    node: 'w1',
    metrics: new SpeakerMetrics(),
    gossip,
    packet,
    owners: () => [NOBODYS],
    ownersNow,
    announced: () => [],
    refused: () => new Map([['default/idle', { reason: 'noEndpoints', message: 'none' }]]),
    problems: () => [],
    config: () => ({ updates: 0, updateErrors: 0, loaded: true, stale: false }),
    notReady: () => [],
  })
  const get = async (path: '/metrics' | '/debug/view') => (await pages[path]?.())?.body ?? ''
  return { clock, gossip, ownersNow, get, asked: () => asked }
}

test('speaker/pages: a thread that hangs does not hold up the rest for longer than its second', async () => {
  const { clock, get } = setUp()
  const body = get('/metrics')
  await clock.advance(1000)
  const text = await body
  assert.match(text, /^bellwether_thread_answering{thread="gossip"} 0$/m)
  assert.match(text, /^bellwether_thread_answering{thread="packet"} 1$/m)
  assert.match(text, /^bellwether_frames_dropped_total{reason="notAnnounced"} 2$/m)
})

test('speaker/pages: a late answer is for whoever waits then', async () => {
  const { clock, gossip, ownersNow, get, asked } = setUp()
  const first = get('/debug/view')
  await clock.advance(1000)
  const second = get('/debug/view')
  gossip.answered(undefined)
  ownersNow.answered([])
  assert.match(await first, /"gossip": false/)
  assert.match(await second, /"gossip": true/)
  assert.equal(asked(), 2)
})

test('speaker/pages: where nothing is known the view says null, and keeps the key', async () => {
  const { gossip, ownersNow, get } = setUp()
  const body = get('/debug/view')
  gossip.answered(undefined)
  ownersNow.answered([{ ...NOBODYS, since: 7, next: 'w2' }])
  const { interfaces: _, ...counters } = packetCounters({ drops: { notAnnounced: 2 } })
  assert.deepEqual(JSON.parse(await body), {
    node: 'w1',
    notReady: [],
    problems: [],
    config: { updates: 0, updateErrors: 0, loaded: true, stale: false },
    owners: [{ ...NOBODYS, owner: null, since: 7, next: 'w2' }],
    interfaces: [ETH0],
    refused: { 'default/idle': { reason: 'noEndpoints', message: 'none' } },
    gossip: null,
    packet: counters,
    answering: { gossip: true, packet: true },
  })
})
