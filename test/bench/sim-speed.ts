/**
 * `make bench-sim`: what simulated time costs, and what of it is a member's own: its work on what it
 * hears and sends, encoding and decoding included, sockets and encryption not.
 */
import { performance } from 'node:perf_hooks'
import { STEADY } from '../../src/core/gossip/detection.ts'
import type { Detection } from '../../src/core/gossip/detection.ts'
import type { GossipNode } from '../../src/core/gossip/node.ts'
import { cluster } from '../sim/cluster.ts'
import type { Network } from '../sim/network.ts'

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** A cluster that has been quiet for a while: news of joining has been passed on. */
function quietCluster(count: number, detection?: Detection): Network {
  const network = cluster(1, count, detection)
  network.run(20_000)
  return network
}

/** Wall time within a node's methods, in ms, from now on. */
function meter(nodes: readonly GossipNode[]): () => number {
  let spent = 0
  for (const node of nodes) {
    for (const name of [
      'datagram',
      'stream',
      'exchangeDone',
      'knocked',
      'tick',
      'drain',
    ] as const) {
      const work = node[name].bind(node) as (...given: unknown[]) => unknown
      const timed = (...given: unknown[]) => {
        const from = performance.now()
        try {
          return work(...given)
        } finally {
          spent += performance.now() - from
        }
      }
      Object.assign(node, { [name]: timed })
    }
  }
  return () => spent
}

function measure(count: number, seconds: number, detection?: Detection): void {
  const network = quietCluster(count, detection)
  const own = meter(network.hosts.map(({ node }) => node))
  const [cpu, wall] = [cpuSeconds(), performance.now()]
  network.run(seconds * 1000)
  const spent = cpuSeconds() - cpu
  // Of the CPU, as its share is of the wall time: the machine may have other things to do.
  const share = (1e6 * spent * own()) / (performance.now() - wall) / seconds / count
  console.log(
    `${detection ? 'steady' : 'memberlist only'}, ${count} members: ` +
      `${(seconds / spent).toPrecision(2)} simulated s/s, an hour in ` +
      `${((3600 * spent) / seconds).toFixed(0)} s; a member's own work ${share.toFixed(0)} µs/s`,
  )
}

for (const detection of [undefined, STEADY]) {
  for (const count of [3, 10, 100, 500]) {
    measure(count, !detection && count === 100 ? 3600 : 6000 / count, detection)
  }
}
