/** Membership in simulated time: single faults, each with the time in which all must know. */
import assert from 'node:assert/strict'
import { suspicionMinMs } from '../../src/core/gossip/formulas.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import {
  SEEDS,
  WHOLE,
  allAlive,
  cluster,
  disagreement,
  othersSee,
  settledMs,
  simulate,
} from './cluster.ts'
import type { Network } from './network.ts'
import { disputed } from './vips.ts'

/** The longest of three probes that may miss, the suspicion, and the time news takes. */
for (const [count, boundMs] of [
  [3, 8000],
  [10, 14_000],
  [50, 20_000],
] as const) {
  for (const fault of ['crash', 'powerOff', 'cut', 'pause'] as const) {
    simulate(`${fault} is noticed by all of ${count} within ${boundMs} ms`, (seed) => {
      const network = cluster(seed, count)
      network.run(5000)
      network[fault]('w2')
      const took = network.run(boundMs, () => othersSee(network, 'dead', 'w2'))
      assert.notEqual(took, undefined, disagreement(network))
      // Not before the suspicion has had its time.
      assert.ok((took ?? 0) >= 4000, `after ${took} ms`)
    })
  }
}

/** Nearly all of the time that this test takes is theirs to find each other: a minute for 500. */
const MANY = WHOLE ? 500 : 200
simulate(
  `crash is noticed by all of ${MANY} within 30000 ms`,
  (seed) => {
    const network = cluster(seed, MANY)
    network.crash('w2')
    const took = network.run(30_000, () => othersSee(network, 'dead', 'w2'))
    assert.notEqual(took, undefined)
    const { suspicionMult, probeIntervalMs } = LAN
    const leastMs = suspicionMinMs(suspicionMult, MANY, probeIntervalMs)
    assert.ok((took ?? 0) >= leastMs, `after ${took} ms`)
  },
  SEEDS.slice(-1),
)

simulate('leave is known to all at once', (seed) => {
  const network = cluster(seed, 5)
  network.host('w3').node.leave(network.now)
  const took = network.run(1000, () => othersSee(network, 'left', 'w3'))
  assert.ok(took !== undefined && took < 100, `after ${took} ms`)
})

simulate('restart without memory is alive again, with a higher incarnation', (seed) => {
  const network = cluster(seed, 4)
  network.crash('w4')
  assert.notEqual(
    network.run(20_000, () => othersSee(network, 'dead', 'w4')),
    undefined,
  )
  network.restart('w4')
  network.join('w4', 'w1')
  const took = network.run(10_000, () => allAlive(network))
  assert.notEqual(took, undefined, disagreement(network))
  assert.ok((network.host('w1').node.members.get('w4')?.incarnation ?? 0) > 1)
})

simulate('restart quicker than its death is alive to all', (seed) => {
  const network = cluster(seed, 4)
  network.crash('w4')
  network.restart('w4')
  network.join('w4', 'w1')
  network.run(30_000)
  assert.ok(allAlive(network), disagreement(network))
})

/** What must not kill anybody, for ten minutes; the restlessness of memberlist is not ours to mend. */
const HARMLESS: readonly [string, (network: Network) => void][] = [
  ['nothing', () => undefined],
  ['loss of 10 %', (network) => network.weather({ loss: 0.1 })],
  ['each datagram twice', (network) => network.weather({ duplication: 1 })],
  ['reordering by 150 ms', (network) => network.weather({ jitterMs: 150 })],
  ['one deaf to one other', (network) => network.block(['w2'], ['w3'])],
  ['a clock that leaps by 300 ms', (network) => leapNowAndThen(network, 300)],
]
for (const [what, fault] of HARMLESS) {
  simulate(`${what} kills nobody in ten minutes`, (seed) => {
    const network = cluster(seed, 6)
    fault(network)
    network.run(600_000)
    const deaths = network.journal.filter((line) => line.includes('"to":"dead"'))
    assert.deepEqual(deaths, [])
  })
}

function leapNowAndThen(network: Network, ms: number): void {
  network.leap('w2', ms)
  network.after(10_000, () => leapNowAndThen(network, ms))
}

/** A fault, how long it lasts, and what ends it: afterwards all see all, by themselves. */
const PASSING: readonly [string, number, (network: Network) => () => void][] = [
  ['a host cut off for 15 s', 15_000, (network) => (network.cut('w5'), () => network.mend('w5'))],
  [
    'a process paused for 2 s',
    2000,
    (network) => (network.pause('w5'), () => network.resume('w5')),
  ],
  [
    'a process paused for 15 s',
    15_000,
    (network) => (network.pause('w5'), () => network.resume('w5')),
  ],
  [
    'a partition of 15 s',
    15_000,
    (network) => (network.partition(['w1', 'w2'], ['w3', 'w4', 'w5']), () => network.heal()),
  ],
  [
    'one that is heard by nobody for 15 s',
    15_000,
    (network) => (network.block(['w5'], ['w1', 'w2', 'w3', 'w4']), () => network.heal()),
  ],
  [
    'one that hears nobody for 15 s',
    15_000,
    (network) => (network.block(['w1', 'w2', 'w3', 'w4'], ['w5']), () => network.heal()),
  ],
]
for (const [what, ms, fault] of PASSING) {
  simulate(`${what} is over in time, and each address has one owner`, (seed) => {
    const network = cluster(seed, 5)
    // Who gave each other up do not gossip any more: that is for joins to mend.
    network.startJoiners()
    const end = fault(network)
    network.run(ms)
    end()
    const took = network.run(settledMs(5), () => allAlive(network))
    assert.notEqual(took, undefined, disagreement(network))
    assert.equal(disputed(network), undefined)
  })
}
