/** The fast detector in simulated time: how soon it notices what, and what it must not take for a death. */
import assert from 'node:assert/strict'
import { FAST, STEADY } from '../../src/core/gossip/detection.ts'
import { SEEDS, cluster, disagreement, othersSee, simulate } from './cluster.ts'
import type { Network } from './network.ts'

const deaths = (network: Network, name: string): string[] =>
  network.journal.filter(
    (line) => line.includes(`"name":"${name}"`) && line.includes('"to":"dead"'),
  )

/** A ping's interval and a round trip; the patience and as much again in pings; likewise. */
for (const [profile, detection, bounds] of [
  ['steady', STEADY, { crash: 260, powerOff: 850, cut: 850, pause: 2400 }],
  ['fast', FAST, { crash: 90, powerOff: 320, cut: 320, pause: 1650 }],
] as const) {
  for (const count of [3, 4, 20]) {
    for (const fault of ['crash', 'powerOff', 'cut', 'pause'] as const) {
      simulate(`${profile} watch: ${fault} is noticed by all of ${count}`, (seed) => {
        const network = cluster(seed, count, detection)
        network.run(5000)
        network[fault]('w2')
        const took = network.run(bounds[fault], () => othersSee(network, 'dead', 'w2'))
        assert.notEqual(took, undefined, disagreement(network))
        // Nobody else is taken for dead by those who can be heard.
        const others = deaths(network, 'w1').concat(deaths(network, 'w3'))
        assert.deepEqual(
          others.filter((line) => !line.includes(' w2 ')),
          [],
        )
      })
    }
  }
}

simulate('steady watch: the one whose cable is cut accuses nobody by it', (seed) => {
  const network = cluster(seed, 4, STEADY)
  network.run(5000)
  network.cut('w2')
  network.run(2000)
  const told = network.journal.filter((line) => / w2 gossip-detected /.test(line))
  assert.deepEqual(told, [])
})

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
