/** `make bench-sim`: what simulated time costs, and what one member alone does. */
import { FAST, STEADY } from '../../src/core/gossip/detection.ts'
import type { Detection } from '../../src/core/gossip/detection.ts'
import { cluster } from '../sim/cluster.ts'
import { OneMember } from './one-member.ts'

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function simulated(count: number, seconds: number, detection?: Detection): string {
  const network = cluster(1, count, detection)
  // News of joining has been passed on by then.
  network.run(20_000)
  const before = cpuSeconds()
  network.run(seconds * 1000)
  const spent = cpuSeconds() - before
  const hour = ((3600 * spent) / seconds).toFixed(0)
  return `${count} members: ${(seconds / spent).toPrecision(2)} simulated s/s, an hour in ${hour} s`
}

console.log(`memberlist only, ${simulated(100, 3600)}`)
console.log(`steady, ${simulated(100, 120, STEADY)}`)
console.log(`steady, ${simulated(500, 15, STEADY)}`)

for (const [profile, detection] of [
  ['memberlist only', undefined],
  ['steady', STEADY],
  ['fast', FAST],
] as const) {
  for (const count of [3, 10, 100, 500]) {
    const member = new OneMember(count, detection)
    member.run(600)
    console.log(`${profile}, one of ${count}: ${member.run(3600).toFixed(0)} µs of work a second`)
  }
}
