import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MtuProbe } from './mtu-probe.ts'
import { Timers } from './timers.ts'

const ADDRESS = { ip: Uint8Array.of(10, 0, 0, 2), port: 7946 }
const FOUND = [{ kind: 'mtuTooSmall', address: '10.0.0.2', bytes: 1400 }]

/** A peer that is asked, on a path that may lose what is padded, or all. */
function setUp() {
  const timers = new Timers()
  const path = { padded: true, small: true }
  const sent: number[] = []
  let now = 0
  let peers = [{ member: { name: 'w2' }, address: ADDRESS, answeredAt: 0 }]
  const probe: MtuProbe = new MtuProbe(1400, timers, {
    peers: () => peers,
    ping(_, seqNo) {
      sent.push(now)
      if (path.padded) timers.set(now + 1, () => probe.acked(seqNo))
    },
  })
  probe.update(0)
  return {
    path,
    sent,
    probe,
    leave: () => (peers = []),
    /** Small pings are answered all the time. */
    pass: (ms: number) => {
      for (const end = now + ms; now < end;) {
        now += 100
        if (path.small) peers = peers.map((peer) => ({ ...peer, answeredAt: now }))
        timers.run(now)
      }
    },
  }
}

test('gossip/mtu: asked every ten seconds while it answers', () => {
  const { sent, probe, pass } = setUp()
  pass(60_000)
  assert.equal(sent.length, 6)
  assert.deepEqual(probe.list(), [])
})

test('gossip/mtu: large ones lost, small ones answered: found within half a minute', () => {
  const { path, probe, pass } = setUp()
  path.padded = false
  pass(9000)
  assert.deepEqual(probe.list(), [], 'a few may be lost by chance')
  pass(16_000)
  assert.deepEqual(probe.list(), FOUND)
})

test('gossip/mtu: one large one answered ends it', () => {
  const { path, probe, pass } = setUp()
  path.padded = false
  pass(30_000)
  path.padded = true
  pass(2100)
  assert.deepEqual(probe.list(), [])
})

test('gossip/mtu: one that answers nothing says nothing of sizes', () => {
  const { path, probe, pass } = setUp()
  Object.assign(path, { padded: false, small: false })
  pass(60_000)
  assert.deepEqual(probe.list(), [])
})

test('gossip/mtu: who is not watched any more is not spoken of', () => {
  const { path, probe, pass, leave } = setUp()
  path.padded = false
  pass(30_000)
  leave()
  pass(2000)
  assert.deepEqual(probe.list(), [])
})

test('gossip/mtu: what the own kernel will not send is found at once', () => {
  const { path, probe, pass } = setUp()
  path.padded = false
  pass(2000)
  probe.tooLarge(ADDRESS)
  assert.deepEqual(probe.list(), FOUND)
})
