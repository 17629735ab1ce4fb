/** The fast detector in simulated time: how soon it notices what, and what it must not take for a death. */
import assert from 'node:assert/strict'
import { FAST, STEADY } from '../../src/core/gossip/detection.ts'
import { watchedBy } from '../../src/core/gossip/ring.ts'
import { SEEDS, allAlive, cluster, disagreement, othersSee, simulate } from './cluster.ts'
import type { Network } from './network.ts'

/** Who took whom for dead: lines of the journal. */
const deaths = (network: Network): string[] =>
  network.journal.filter((line) => line.includes('"to":"dead"'))

/** A ping's interval and a round trip; the patience and as much again in pings; likewise. */
const STEADY_BOUNDS = { crash: 260, powerOff: 880, cut: 880, pause: 2400 }
for (const [profile, detection, bounds] of [
  ['steady', STEADY, STEADY_BOUNDS],
  ['fast', FAST, { crash: 90, powerOff: 320, cut: 320, pause: 1650 }],
] as const) {
  for (const count of [2, 3, 4, 20]) {
    for (const fault of ['crash', 'powerOff', 'cut', 'pause'] as const) {
      simulate(`${profile} watch: ${fault} is noticed by all of ${count}`, (seed) => {
        const network = cluster(seed, count, detection)
        network.run(5000)
        network[fault]('w2')
        const took = network.run(bounds[fault], () => othersSee(network, 'dead', 'w2'))
        assert.notEqual(took, undefined, disagreement(network))
        // Nobody else is taken for dead by those who can be heard.
        const others = deaths(network).filter((line) => !line.includes('"name":"w2"'))
        assert.deepEqual(
          others.filter((line) => !line.includes(' w2 ')),
          [],
        )
      })
    }
  }
}

for (const [profile, detection] of [
  ['steady', STEADY],
  ['fast', FAST],
] as const) {
  simulate(`${profile} watch: who answers is pinged at the interval, no more often`, (seed) => {
    const network = cluster(seed, 2, detection)
    network.run(5000)
    const { node } = network.host('w1')
    const drain = node.drain.bind(node)
    let pings = 0
    node.drain = () => {
      const effects = drain()
      pings += effects.filter((it) => it.kind === 'send' && it.connected).length
      return effects
    }
    network.run(10_000)
    const expected = 10_000 / detection.intervalMs
    assert.ok(Math.abs(pings - expected) <= 1, `${pings} pings`)
  })
}

simulate('steady watch: the one whose cable is cut accuses nobody by it', (seed) => {
  const network = cluster(seed, 4, STEADY)
  network.run(5000)
  network.cut('w2')
  network.run(2000)
  const told = network.journal.filter((line) => / w2 gossip-detected /.test(line))
  assert.deepEqual(told, [])
})

for (const count of [2, 3, 4, 10]) {
  simulate(`steady watch: among ${count} a pause that is too long is one fail-over`, (seed) => {
    const network = cluster(seed, count, STEADY)
    network.run(5000)
    const before = network.journal.length
    network.pause('w2')
    network.run(STEADY.pausedMs + 1500)
    network.resume('w2')
    network.run(60_000)
    const lines = network.journal.slice(before)
    const others = network.hosts.filter(({ name }) => name !== 'w2')
    for (const { name } of others) {
      const turns = lines.filter((line) => line.includes(` ${name} member {"name":"w2"`))
      const states = turns.map((line) => /"to":"(\w+)"/.exec(line)?.[1])
      // Some hear the verdict before the suspicion.
      const turned = states.filter((state) => state !== 'suspect')
      assert.deepEqual(turned, ['dead', 'alive'], name)
    }
    assert.equal(lines.filter((line) => line.includes(' w2 gossip-refuted ')).length, 1)
    assert.deepEqual(
      lines.filter((line) => / w2 member .*"to":"(dead|suspect)"/.test(line)),
      [],
    )
    assert.ok(allAlive(network), disagreement(network))
  })

  simulate(`steady watch: one of ${count} that slept accuses nobody`, (seed) => {
    const network = cluster(seed, count, STEADY)
    for (const ms of [90, 300, 1900, 5000, 60_000]) {
      network.run(5000)
      network.pause('w1')
      network.run(ms)
      network.resume('w1')
    }
    network.run(5000)
    const accused = network.journal.filter((line) =>
      / w1 member .*"to":"(dead|suspect)"/.test(line),
    )
    assert.deepEqual(accused, [])
  })
}

for (const [profile, detection] of [
  ['steady', STEADY],
  ['fast', FAST],
] as const) {
  for (const count of [3, 4, 10]) {
    simulate(`${profile} watch: one of ${count} not heard by one watcher lives`, (seed) => {
      const network = cluster(seed, count, detection)
      const ring = network.hosts.map(({ name }) => ({ name, watches: true }))
      const watches = (name: string) => watchedBy(name, ring, detection.watchers).has('w2')
      const deaf = ring.find(({ name }) => watches(name))
      assert.ok(deaf)
      network.block(['w2'], [deaf.name])
      network.run(600_000)
      assert.deepEqual(deaths(network), [])
      // The broken way is not told of again and again.
      const refuted = network.journal.filter((line) => line.includes(' w2 gossip-refuted '))
      assert.ok(refuted.length < 2 * (600_000 / detection.pausedMs), `${refuted.length} times`)
    })
  }
}

/** The first two are ours, the others know of no fast detection, as MetalLB's. */
const mixed = (name: string) => (name === 'w1' || name === 'w2' ? STEADY : undefined)

for (const fault of ['crash', 'powerOff', 'cut', 'pause'] as const) {
  for (const victim of ['w2', 'w4']) {
    simulate(
      `steady watch: ${fault} of ${victim} in a mixed cluster is noticed as soon`,
      (seed) => {
        const network = cluster(seed, 5, mixed)
        network.run(5000)
        network[fault](victim)
        const took = network.run(STEADY_BOUNDS[fault], () => othersSee(network, 'dead', victim))
        assert.notEqual(took, undefined, disagreement(network))
      },
    )
  }
}

simulate(
  'steady watch: pauses of up to a second and 5 % loss kill nobody in ten minutes',
  (seed) => {
    const network = cluster(seed, 5, STEADY)
    network.links.weather = { ...network.links.weather, loss: 0.05 }
    for (let second = 0; second < 600; second += 4) {
      const name = `w${1 + ((seed + second / 4) % 5)}`
      network.pause(name)
      network.run(100 + ((seed * 7 + second * 13) % 900))
      network.resume(name)
      network.run(3000)
    }
    assert.deepEqual(
      network.journal.filter((line) => line.includes('"to":"dead"')),
      [],
    )
  },
  SEEDS.slice(-2),
)
