/** Interfaces that go down, in simulated time: all hear of it, agree, and no other address moves. */
import assert from 'node:assert/strict'
import { STEADY } from '../../src/core/gossip/detection.ts'
import { allAlive, cluster, disagreement, simulate } from './cluster.ts'
import type { Network } from './network.ts'
import { candidaciesOf, disputed, reckon } from './vips.ts'

/** Loss apart, one datagram to each tells it. */
const TOLD_MS = 50

/** By address, as this host reckons. */
function ownersBy(network: Network, by: string): Map<string, string | undefined> {
  const candidacies = candidaciesOf(network.hosts.map(({ name }) => name))
  const owned = reckon(candidacies, network.host(by).node)
  return new Map(owned.map(({ ip, owner }) => [ip, owner]))
}

simulate(
  'uplinks: a node without interfaces gives its addresses away, and none else move',
  (seed) => {
    const network = cluster(seed, 5, STEADY, 0)
    network.run(1000)
    const before = ownersBy(network, 'w1')
    network.host('w2').node.uplinks(new Map([['*', 'down']]), network.now)
    const gone = () => ![...ownersBy(network, 'w1').values()].includes('w2')
    const took = network.run(TOLD_MS, () => gone() && disputed(network) === undefined)
    assert.notEqual(took, undefined, disputed(network))
    for (const [ip, owner] of ownersBy(network, 'w1')) {
      if (before.get(ip) !== 'w2') assert.equal(owner, before.get(ip))
    }
    assert.ok(allAlive(network), disagreement(network))
    network.host('w2').node.uplinks(new Map(), network.now)
    const back = () => JSON.stringify([...ownersBy(network, 'w1')]) === JSON.stringify([...before])
    assert.notEqual(
      network.run(TOLD_MS, () => back() && disputed(network) === undefined),
      undefined,
    )
  },
)

simulate('uplinks: whoever joins later hears of it', (seed) => {
  const network = cluster(seed, 3, STEADY, 0)
  network.host('w2').node.uplinks(new Map([['*', 'down']]), network.now)
  network.run(1000)
  network.crash('w3')
  network.run(2000)
  network.restart('w3')
  network.join('w3', 'w1')
  network.run(1000)
  assert.equal(disputed(network), undefined)
  assert.ok(![...ownersBy(network, 'w3').values()].includes('w2'))
})
