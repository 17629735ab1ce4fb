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
  const each = ((1e6 * spent) / seconds / count).toFixed(0)
  return `${count} members: ${each} µs of CPU for each and second, network included; an hour in ${hour} s`
}

for (const [count, plain, steady] of [
  [3, 6000, 3000],
  [100, 3600, 120],
  [500, 60, 15],
] as const) {
  console.log(`memberlist only, ${simulated(count, plain)}`)
  console.log(`steady, ${simulated(count, steady, STEADY)}`)
}

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
