/**
 * `make bench-sim`: from a fault to the moment at which all others hold its host for dead, in simulated
 * time, again and again on one cluster; another host and another moment each time.
 */
import { FAST, STEADY } from '../../src/core/gossip/detection.ts'
import type { Detection } from '../../src/core/gossip/detection.ts'
import { allAlive, cluster, othersSee } from '../sim/cluster.ts'
import type { Network } from '../sim/network.ts'
import { seeded } from '../sim/seeded.ts'

const FAULTS = ['crash', 'cut', 'pause'] as const
type Fault = (typeof FAULTS)[number]

const END: Readonly<Record<Fault, (network: Network, name: string) => void>> = {
  crash: (network, name) => network.restart(name),
  cut: (network, name) => network.mend(name),
  pause: (network, name) => network.resume(name),
}

/** Ms of each round, sorted. */
function rounds(count: number, times: number, fault: Fault, detection?: Detection): number[] {
  const network = cluster(1, count, detection)
  const random = seeded(1)
  const taken: number[] = []
  while (taken.length < times) {
    network.run(2000 + 1000 * random())
    const name = `w${1 + Math.floor(random() * count)}`
    network[fault](name)
    const ms = network.run(60_000, () => othersSee(network, 'dead', name))
    if (ms === undefined) throw new Error(`${fault} of ${name} was not noticed`)
    taken.push(ms)
    END[fault](network, name)
    network.join(name, name === 'w1' ? 'w2' : 'w1')
    while (!allAlive(network)) network.run(500)
  }
  return taken.sort((a, b) => a - b)
}

for (const [profile, detection, sizes] of [
  ['steady', STEADY, { 3: 200, 10: 200, 100: 100 }],
  ['fast', FAST, { 3: 200, 10: 200, 100: 40 }],
  ['memberlist only', undefined, { 3: 200, 10: 200, 100: 100 }],
] as const) {
  for (const fault of FAULTS) {
    for (const [count, times] of Object.entries(sizes)) {
      const taken = rounds(Number(count), times, fault, detection)
      const at = (share: number) => taken[Math.floor(share * (taken.length - 1))]?.toFixed(0)
      const figures = `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms (${times} times)`
      console.log(`${profile}, ${fault}, ${count} members: ${figures}`)
    }
  }
}
