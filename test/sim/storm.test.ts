/** Membership under storms: nothing that must hold breaks, and all agree when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allAlive, cluster, disagreement, simulate } from './cluster.ts'
import type { Network } from './network.ts'
import { Storm } from './storm.ts'

/** Once faults stop, all agree within this. */
const settledMs = (n: number): number => 60_000 + 30_000 * Math.log10(n)

function storm(seed: number, count: number, ms: number): Network {
  const network = cluster(seed, count)
  network.startJoiners()
  const storm = new Storm(network, seed)
  network.run(ms)
  storm.end()
  return network
}

for (const [count, minutes] of [
  [3, 20],
  [10, 20],
  [50, 3],
] as const) {
  simulate(`${count} in a storm of ${minutes} min agree once it is over`, (seed) => {
    const network = storm(seed, count, minutes * 60_000)
    const took = network.run(settledMs(count), () => allAlive(network))
    assert.notEqual(took, undefined, disagreement(network))
  })
}

test('gossip/determinism: the same seed gives the same journal, another seed another', () => {
  const digest = (seed: number) => storm(seed, 7, 300_000).digest()
  assert.equal(digest(5), digest(5))
  assert.notEqual(digest(5), digest(6))
})
