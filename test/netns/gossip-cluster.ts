/** Starts and ends clusters of members of both kinds, and asks when they agree. */
import { until } from '../lab/until.ts'
import { Peer } from './gossip-peer.ts'
import type { PeerFlags, PeerOptions } from './gossip-peer.ts'

/** One port for each cluster: strangers never meet. */
let nextPort = 27_946
/** Of the process: files run beside each other. Hosts from 200 on are nobody's here. */
export const SUBNET = `127.${64 + ((process.pid >> 8) & 127)}.${process.pid & 255}`
let nextHost = 1

/** Starts a cluster, lets `work` go on with it, ends it. Names are `go1`, `ours2`, … in order. */
export async function withPeers<T>(
  kinds: readonly PeerOptions['kind'][],
  flags: (kind: PeerOptions['kind'], index: number) => PeerFlags,
  work: (peers: Peer[]) => Promise<T>,
  netns?: string,
): Promise<T> {
  const port = nextPort++
  const starts = kinds.map((kind, index) =>
    Peer.start({
      kind,
      name: `${kind}${index + 1}`,
      address: `${SUBNET}.${nextHost++}`,
      port,
      flags: flags(kind, index),
      ...(netns !== undefined && { netns }),
    }),
  )
  const started = await Promise.allSettled(starts)
  const peers = started.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
  try {
    await Promise.all(starts)
    return await work(peers)
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()))
  }
}

export const namesOf = (peers: readonly Peer[]) => peers.map(({ name }) => name).toSorted()

/** All of `peers` see exactly `peers`. */
export async function agreed(
  what: string,
  peers: readonly Peer[],
  timeoutMs = 60_000,
): Promise<void> {
  const expected = JSON.stringify(namesOf(peers))
  await until(
    `${what}: all to see ${expected}`,
    async () => {
      const views = await Promise.all(peers.map((peer) => peer.members()))
      const wrong = views.findIndex((view) => JSON.stringify(view) !== expected)
      if (wrong >= 0) throw new Error(`${peers[wrong]?.name} sees ${String(views[wrong])}`)
      return true
    },
    { timeoutMs, everyMs: 100 },
  )
}
