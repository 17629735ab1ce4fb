/** Membership under storms: nothing that must hold breaks, and all agree when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { STEADY } from '../../src/core/gossip/detection.ts'
import { allAlive, cluster, disagreement, settledMs, simulate } from './cluster.ts'
import type { Detects, Network } from './network.ts'
import { Storm } from './storm.ts'
import { disputed } from './vips.ts'

function storm(seed: number, count: number, ms: number, detection?: Detects): Network {
  const network = cluster(seed, count, detection)
  network.startJoiners()
  const storm = new Storm(network, seed)
  network.run(ms)
  storm.end()
  return network
}

for (const [profile, detection, count, minutes] of [
  ['memberlist', undefined, 3, 20],
  ['memberlist', undefined, 10, 20],
  ['memberlist', undefined, 50, 3],
  ['steady', STEADY, 3, 10],
  ['steady', STEADY, 10, 5],
] as const) {
  simulate(
    `${profile}: ${count} in a storm of ${minutes} min agree on members and owners once it is over`,
    (seed) => {
      const network = storm(seed, count, minutes * 60_000, detection)
      const took = network.run(settledMs(count), () => allAlive(network))
      assert.notEqual(took, undefined, disagreement(network))
      assert.equal(disputed(network), undefined)
    },
  )
}

test('gossip/determinism: the same seed gives the same journal, another seed another', () => {
  const digest = (seed: number) => storm(seed, 7, 300_000).digest()
  assert.equal(digest(5), digest(5))
  assert.notEqual(digest(5), digest(6))
})
