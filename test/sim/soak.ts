/**
 * Long simulated time in which nobody dies and nobody may be taken for dead: packets get lost and every
 * process stands still now and then. `BELLWETHER_SOAK=1` (make soak) takes its time.
 */
import assert from 'node:assert/strict'
import type { Detection } from '../../src/core/gossip/detection.ts'
import { SEEDS, WHOLE, cluster, simulate } from './cluster.ts'
import { Restless } from './pauses.ts'
import type { Pauses } from './pauses.ts'

/** Share of packets that get lost, each way. */
const LOSS = 0.05
/** Every process stands still for half a second every ten, and for a second at most. */
const PAUSES: Pauses = { everyMs: 10_000, mostMs: 1000 }

export interface SoakRow {
  readonly members: number
  /** Simulated minutes, and how many of them in `make test`. */
  readonly minutes: number
  readonly trimmed: number
}

/** A test that `members` of that profile live through it. */
export function soak(profile: string, detection: Detection, row: SoakRow): void {
  const { members } = row
  const minutes = WHOLE ? row.minutes : row.trimmed
  const title = `${profile}: ${members} members, ${minutes} min of 5 % loss and pauses: no fail-over`
  simulate(
    title,
    (seed) => {
      const before = process.cpuUsage()
      const network = cluster(seed, members, detection)
      network.weather({ loss: LOSS })
      const restless = new Restless(network, seed, PAUSES)
      network.run(minutes * 60_000)
      const { user, system } = process.cpuUsage(before)
      const count = (what: string) => network.journal.filter((it) => it.includes(what)).length
      console.log(
        `${title}, seed ${seed}: ${((user + system) / 1e6).toFixed(0)} s of CPU, ` +
          `${network.events} events, ${restless.count} pauses, ` +
          `${count('"to":"suspect"')} suspicions, ${count('gossip-refuted')} refutations, ` +
          `${count('"to":"dead"')} deaths`,
      )
      const deaths = network.journal.filter((line) => /"to":"dead"|gossip-detected/.test(line))
      assert.deepEqual(deaths, [])
    },
    SEEDS.slice(-1),
  )
}
