/** What a member knows and has counted, in simulated clusters. */
import assert from 'node:assert/strict'
import { STEADY } from '../../src/core/gossip/detection.ts'
import { cluster, othersSee, simulate } from './cluster.ts'
import type { Network } from './network.ts'

const viewOf = (network: Network, name: string) => network.host(name).node.view(network.now)
const known = (network: Network, name: string, of: string) =>
  viewOf(network, name).members.find((member) => member.name === of)

simulate('view: all members by name, who watches whom, when each was heard', (seed) => {
  const network = cluster(seed, 5, STEADY)
  network.run(1000)
  const view = viewOf(network, 'w1')
  assert.equal(view.name, 'w1')
  assert.equal(view.score, 0)
  assert.deepEqual(
    view.members.map(({ name, address, state, kind }) => [name, address, state, kind]),
    [1, 2, 3, 4, 5].map((n) => [`w${n}`, `10.0.0.${n}:7946`, 'alive', 'ours']),
  )
  for (const { name, watchers, watching, heardMs } of view.members) {
    assert.equal(watchers.length, 3)
    assert.equal(watching !== undefined, watchers.includes('w1'), `${name}: ${String(watchers)}`)
    if (!watching) continue
    assert.ok(heardMs !== undefined && heardMs < 400, `${name} heard ${heardMs} ms ago`)
    assert.ok(watching.kernelMs < 400)
    assert.deepEqual(watching.accusers, [])
  }
})

simulate('view: a member alone has heard nobody', (seed) => {
  const network = cluster(seed, 1, STEADY)
  const { members, findings, counters } = viewOf(network, 'w1')
  assert.deepEqual(
    members.map(({ heardMs, watchers, watching }) => ({ heardMs, watchers, watching })),
    [{ heardMs: undefined, watchers: [], watching: undefined }],
  )
  assert.deepEqual(findings, [])
  assert.deepEqual(counters.members, { joined: 0, died: 0, left: 0 })
})

simulate('view: a speaker that crashed: who found it, how many saw it', (seed) => {
  const network = cluster(seed, 3, STEADY)
  network.run(2000)
  network.crash('w2')
  network.run(2000, () => othersSee(network, 'dead', 'w2'))
  network.run(100)
  assert.equal(known(network, 'w1', 'w2')?.state, 'dead')
  const views = ['w1', 'w3'].map((name) => viewOf(network, name).counters)
  for (const { members } of views) assert.equal(members.died, 1)
  const found = views.map(({ detections }) => detections.speakerGone)
  assert.ok(found.reduce((a, b) => a + b) >= 1, String(found))
  for (const { detections, datagrams, bytes } of views) {
    assert.equal(detections.nodeGone + detections.speakerSilent, 0)
    assert.ok(datagrams.sent > 0 && datagrams.received > 0)
    assert.ok(bytes.sent > datagrams.sent && bytes.received > datagrams.received)
  }
})

simulate('view: a leave is no death; suspicions and their refutation are counted', (seed) => {
  const network = cluster(seed, 3)
  network.run(2000)
  network.host('w3').node.leave(network.now)
  network.run(2000)
  assert.deepEqual(viewOf(network, 'w1').counters.members, { joined: 2, died: 0, left: 1 })
  const suspected = () => known(network, 'w1', 'w2')?.state === 'suspect'
  network.pause('w2')
  network.run(30_000, suspected)
  network.resume('w2')
  network.run(30_000, () => !suspected())
  assert.equal(viewOf(network, 'w1').counters.suspicions.self, 1)
  assert.equal(viewOf(network, 'w2').counters.contradictions.refuted, 1)
})

simulate('view: what cannot be read is counted by its reason', (seed) => {
  const network = cluster(seed, 1)
  const { node } = network.host('w1')
  const from = { ip: Uint8Array.of(10, 0, 0, 9), port: 7946 }
  node.datagram(Uint8Array.of(99), from, network.now)
  node.witness.stream(from, 'notEncrypted', network.now)
  const { dropped, datagrams } = node.view(network.now).counters
  assert.deepEqual(dropped, { unknownMessage: 1, notEncrypted: 1 })
  assert.equal(datagrams.received, 1)
})

simulate('view: a second member of one name is found by those that know the first', (seed) => {
  const network = cluster(seed, 2)
  const node = network.host('w1').node
  const twin = { ip: Uint8Array.of(10, 0, 0, 9), port: 7946 }
  const state = { name: 'w2', addr: twin.ip, port: 7946, meta: new Uint8Array(), incarnation: 1 }
  const vsn = Uint8Array.of(1, 5, 5, 0, 0, 0)
  const nodes = [{ ...state, vsn, state: 0 }]
  node.stream({ kind: 'pushPull', join: false, nodes, userState: new Uint8Array() }, network.now)
  const { findings, counters } = node.view(network.now)
  const addresses = ['10.0.0.2', '10.0.0.9']
  assert.deepEqual(findings, [{ kind: 'nameConflict', name: 'w2', addresses }])
  assert.equal(counters.contradictions.nameConflict, 1)
  // Not told again, it is over.
  network.run(100_000)
  assert.deepEqual(node.view(network.now).findings, [])
})
