/** Who may own something, in simulated time: those that come back wait, and a healed network agrees at once. */
import assert from 'node:assert/strict'
import { STEADY } from '../../src/core/gossip/detection.ts'
import { electorateOf } from '../../src/core/gossip/electorate.ts'
import { SEEK_MS } from '../../src/core/gossip/seek.ts'
import { allAlive, cluster, disagreement, othersSee, simulate } from './cluster.ts'
import type { Network } from './network.ts'

const DELAY_MS = 30_000

/** Names of those that this host takes for settled. */
const settled = (network: Network, by: string): string[] =>
  [...(electorateOf(network.host(by).node.members.usable()).settled ?? ['not ours'])].sort()

const allSettled = (network: Network, ...names: string[]): boolean =>
  network.hosts.every(({ name }) => settled(network, name).join() === names.join())

function started(seed: number, count: number): Network {
  const network = cluster(seed, count, STEADY, DELAY_MS)
  const names = network.hosts.map(({ name }) => name).sort()
  assert.notEqual(
    network.run(DELAY_MS + 1000, () => allSettled(network, ...names)),
    undefined,
  )
  return network
}

/** Each counts with all; suspicion is no verdict. */
const allUsable = (network: Network): boolean =>
  network.hosts.every(({ node }) => node.members.usable().length === network.hosts.length)

/** A ping is not lost, but may have been sent a moment before. */
const HEALED_MS = 2 * SEEK_MS * 1.1 + 50

simulate('settling: of a new cluster one is settled at once, all a while later', (seed) => {
  const network = cluster(seed, 4, STEADY, DELAY_MS)
  network.run(100)
  assert.ok(allSettled(network, 'w1'), settled(network, 'w2').join())
  network.run(DELAY_MS)
  assert.ok(allSettled(network, 'w1', 'w2', 'w3', 'w4'))
})

simulate('settling: one that crashed and is back waits', (seed) => {
  const network = started(seed, 3)
  network.crash('w2')
  network.run(1000)
  network.restart('w2')
  network.join('w2', 'w3')
  network.run(DELAY_MS - 1000)
  assert.ok(allAlive(network), disagreement(network))
  assert.ok(allSettled(network, 'w1', 'w3'), settled(network, 'w1').join())
  network.run(2000)
  assert.ok(allSettled(network, 'w1', 'w2', 'w3'), settled(network, 'w1').join())
})

for (const seconds of [2, 20, 200]) {
  simulate(
    `settling: one that was cut off for ${seconds} s is met within a second and waits`,
    (seed) => {
      const network = started(seed, 3)
      network.cut('w2')
      network.run(seconds * 1000)
      network.mend('w2')
      const took = network.run(HEALED_MS, () => allUsable(network))
      assert.notEqual(took, undefined, disagreement(network))
      network.run(DELAY_MS - 1000)
      assert.ok(allSettled(network, 'w1', 'w3'), settled(network, 'w1').join())
      network.run(2000)
      assert.ok(allSettled(network, 'w1', 'w2', 'w3'), settled(network, 'w2').join())
    },
  )

  simulate(
    `settling: a partition of ${seconds} s heals within a second; the smaller part waits`,
    (seed) => {
      const network = started(seed, 5)
      network.partition(['w1', 'w2'], ['w3', 'w4', 'w5'])
      network.run(seconds * 1000)
      network.heal()
      const took = network.run(HEALED_MS, () => allUsable(network))
      assert.notEqual(took, undefined, disagreement(network))
      network.run(5000)
      const expected = seconds > 2 ? ['w3', 'w4', 'w5'] : settled(network, 'w3')
      assert.ok(allSettled(network, ...expected), settled(network, 'w1').join())
    },
  )
}

simulate('settling: one that is back hears a moment later who has settled meanwhile', (seed) => {
  const network = started(seed, 3)
  const views = () => new Set(network.hosts.map(({ name }) => settled(network, name).join()))
  // Now and then one is cut off that is the last settled: then the two others settle at once.
  for (let i = 0; i < 30; i++) {
    const name = `w${1 + (i % 3)}`
    network.cut(name)
    network.run(2500)
    network.mend(name)
    const took = network.run(HEALED_MS, () => views().size === 1)
    assert.notEqual(took, undefined, `cut ${i}: ${[...views()].join(' | ')}`)
    network.run(1000 + 100 * i)
  }
})

simulate('settling: one that was paused for too long is not settled when it wakes', (seed) => {
  const network = started(seed, 3)
  network.pause('w2')
  network.run(5000, () => othersSee(network, 'dead', 'w2'))
  network.run(2000)
  network.resume('w2')
  network.run(1000)
  assert.ok(allAlive(network), disagreement(network))
  assert.ok(allSettled(network, 'w1', 'w3'), settled(network, 'w1').join())
})

simulate(
  'settling: one that slept for too long is not settled, also where a new one found it out',
  (seed) => {
    const network = started(seed, 3)
    network.crash('w3')
    network.run(2000)
    network.restart('w3')
    network.join('w3', 'w1')
    network.run(2000)
    network.pause('w2')
    network.run(5000, () => othersSee(network, 'dead', 'w2'))
    network.resume('w2')
    network.run(1000)
    assert.ok(allAlive(network), disagreement(network))
    assert.ok(allSettled(network, 'w1'), settled(network, 'w2').join())
  },
)

for (const [what, meanwhile] of [
  ['', () => undefined],
  // It waits, and is read when it wakes: nobody had settled when it was said.
  [', whatever came while it slept', (network: Network) => network.join('w2', 'w1')],
] as const) {
  simulate(
    `settling: the only settled one is not so any more when it has slept for too long${what}`,
    (seed) => {
      const network = cluster(seed, 3, STEADY, DELAY_MS)
      network.run(200)
      assert.ok(allSettled(network, 'w1'), settled(network, 'w2').join())
      network.pause('w1')
      network.run(500)
      meanwhile(network)
      network.run(5000, () => othersSee(network, 'dead', 'w1'))
      network.run(1000)
      network.resume('w1')
      network.run(1000)
      assert.ok(allAlive(network), disagreement(network))
      for (const { name } of network.hosts) {
        const names = settled(network, name)
        assert.ok(names.length > 0 && !names.includes('w1'), `by ${name}: ${names.join()}`)
      }
    },
  )
}

simulate('settling: where everybody is rolled, somebody is settled at every moment', (seed) => {
  const network = started(seed, 3)
  for (const name of ['w1', 'w2', 'w3']) {
    network.host(name).node.leave(network.now)
    network.run(50)
    network.crash(name)
    const others = network.hosts.filter((host) => host.name !== name)
    network.run(1000)
    for (const other of others) {
      assert.notDeepEqual(settled(network, other.name), [], `${name} is gone`)
    }
    network.restart(name)
    network.join(name, others[0]?.name ?? '')
    network.run(3000)
  }
  network.run(DELAY_MS)
  assert.ok(allSettled(network, 'w1', 'w2', 'w3'), settled(network, 'w1').join())
})
