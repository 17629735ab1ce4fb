/** The arithmetic of memberlist, each formula by itself (util.go, suspicion.go, awareness.go). */

/** How often a broadcast is sent in a cluster of `n`. */
export const retransmitLimit = (retransmitMult: number, n: number): number =>
  retransmitMult * Math.ceil(Math.log10(n + 1))

/** Shortest suspicion in ms: the scale grows with the logarithm, cut to three decimals as in Go. */
export function suspicionMinMs(suspicionMult: number, n: number, probeIntervalMs: number): number {
  const scale = Math.max(1, Math.log10(Math.max(1, n)))
  return (suspicionMult * probeIntervalMs * Math.trunc(scale * 1000)) / 1000
}

/** Confirmations that shorten a suspicion; 0 where too few could give them. */
export const confirmationsWanted = (suspicionMult: number, n: number): number =>
  n - 2 < suspicionMult - 2 ? 0 : suspicionMult - 2

/** Length of a suspicion in ms, from its beginning, after `confirmed` of `wanted` confirmations. */
export function suspicionMs(
  confirmed: number,
  wanted: number,
  minMs: number,
  maxMs: number,
): number {
  if (wanted < 1) return minMs
  const fraction = Math.log(confirmed + 1) / Math.log(wanted + 1)
  return Math.max(minMs, Math.floor(maxMs - fraction * (maxMs - minMs)))
}

/** Interval of push/pull in a cluster of `n`: longer from 33 members on. */
export const pushPullMs = (intervalMs: number, n: number): number =>
  n <= 32 ? intervalMs : intervalMs * (Math.ceil(Math.log2(n) - Math.log2(32)) + 1)

/** Health score of this node, 0 (well) to max − 1. */
export const clampScore = (score: number, max: number): number =>
  Math.max(0, Math.min(max - 1, score))
