/** Membership in simulated time. Fixed seeds and a fresh one; a failure names its seed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Network } from './network.ts'

const fresh = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const SEEDS = process.env['SEED'] === undefined ? [1, 7, 71, fresh] : [fresh]

/** A cluster of `count` that knows itself. */
function cluster(seed: number, count: number): Network {
  const network = new Network(seed, count)
  for (let i = 2; i <= count; i++) network.join(`w${i}`, 'w1')
  const took = network.run(30_000, () =>
    allSee(
      network,
      'alive',
      network.hosts.map(({ name }) => name),
    ),
  )
  assert.notEqual(took, undefined, 'everybody sees everybody')
  return network
}

/** True if each host that is up believes this of each of the named. */
const allSee = (network: Network, state: string, names: readonly string[]): boolean =>
  network.hosts
    .filter(({ up, name }) => up && !(state !== 'alive' && names.includes(name)))
    .every(({ name }) => names.every((other) => network.view(name)[other] === state))

function simulate(title: string, work: (seed: number) => void): void {
  for (const seed of SEEDS) {
    test(`gossip/${title} seed=${seed}`, () => {
      try {
        work(seed)
      } catch (error) {
        console.error(
          `again: SEED=${seed} node test/run.ts test/sim/gossip.test.ts --only 'gossip/${title}'`,
        )
        throw error
      }
    })
  }
}

for (const [count, boundMs] of [
  [3, 8000],
  [10, 14_000],
] as const) {
  simulate(`crash is noticed by all of ${count} within ${boundMs} ms`, (seed) => {
    const network = cluster(seed, count)
    network.run(5000)
    network.host('w2').up = false
    const took = network.run(boundMs, () => allSee(network, 'dead', ['w2']))
    assert.notEqual(took, undefined, JSON.stringify(network.view('w1')))
    // Not before the suspicion has had its time.
    assert.ok((took ?? 0) >= 4000, `after ${took} ms`)
  })
}

simulate('leave is known to all at once', (seed) => {
  const network = cluster(seed, 5)
  network.host('w3').node.leave(network.now)
  const took = network.run(1000, () => allSee(network, 'left', ['w3']))
  assert.ok(took !== undefined && took < 100, `after ${took} ms`)
})

simulate('restart without memory is alive again, with a higher incarnation', (seed) => {
  const network = cluster(seed, 4)
  network.host('w4').up = false
  network.run(20_000, () => allSee(network, 'dead', ['w4']))
  network.restart('w4')
  network.join('w4', 'w1')
  const took = network.run(10_000, () => allSee(network, 'alive', ['w1', 'w2', 'w3', 'w4']))
  assert.notEqual(took, undefined, JSON.stringify(network.view('w2')))
  assert.ok((network.host('w1').node.members.get('w4')?.incarnation ?? 0) > 1)
})

simulate('restart quicker than its death is alive to all', (seed) => {
  const network = cluster(seed, 4)
  network.restart('w4')
  network.join('w4', 'w1')
  network.run(30_000)
  assert.ok(allSee(network, 'alive', ['w1', 'w2', 'w3', 'w4']), JSON.stringify(network.view('w2')))
})

simulate('loss of 10 % kills nobody in ten minutes', (seed) => {
  const network = cluster(seed, 6)
  network.loss = 0.1
  network.run(600_000)
  const deaths = network.journal.filter((line) => line.includes('"to":"dead"'))
  assert.deepEqual(deaths, [])
})

simulate('a host cut off for a while is taken back', (seed) => {
  const network = cluster(seed, 5)
  network.host('w5').up = false
  network.run(15_000)
  network.host('w5').up = true
  const took = network.run(60_000, () =>
    allSee(
      network,
      'alive',
      network.hosts.map(({ name }) => name),
    ),
  )
  assert.notEqual(took, undefined, JSON.stringify([network.view('w1'), network.view('w5')]))
})

test('gossip/determinism: the same seed gives the same journal', () => {
  const journal = () => {
    const network = cluster(5, 5)
    network.loss = 0.05
    network.host('w2').up = false
    network.run(60_000)
    return network.journal.join('\n')
  }
  assert.equal(journal(), journal())
})
