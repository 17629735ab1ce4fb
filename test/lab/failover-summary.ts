/** The figures of many runs, for people and for programs. */
import type { ArpFigures } from './arp-timeline.ts'
import type { Outage } from './outage.ts'

/** Of one run, as a client on the segment saw it. */
export interface Figures {
  readonly tcp: Outage
  readonly arp: ArpFigures
}

interface Spread {
  readonly p50: number
  /** Of 20 runs or fewer: the greatest. */
  readonly p99: number
  readonly max: number
}

export interface Summary {
  readonly title: string
  readonly tcpSilentMs: Spread
  readonly failedConnects: number
  readonly arpSilentMs: Spread
  readonly doubleMs: Spread
  /** Of the runs in which another node took over. */
  readonly takeoverMs: Spread | null
  readonly takeovers: number
  readonly runs: readonly Figures[]
}

/** By nearest rank: of 20 values the 99th percentile is the greatest. NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN
}

const spread = (values: readonly number[]): Spread => ({
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
  max: quantile(values, 1),
})

export function summarise(title: string, runs: readonly Figures[]): Summary {
  const takeovers = runs.flatMap(({ arp }) => arp.takeoverMs ?? [])
  return {
    title,
    tcpSilentMs: spread(runs.map(({ tcp }) => tcp.silentMs)),
    failedConnects: runs.reduce((sum, { tcp }) => sum + tcp.failed, 0),
    arpSilentMs: spread(runs.map(({ arp }) => arp.silentMs)),
    doubleMs: spread(runs.map(({ arp }) => arp.doubleMs)),
    takeoverMs: takeovers.length > 0 ? spread(takeovers) : null,
    takeovers: takeovers.length,
    runs,
  }
}

const HEAD = [
  'milliseconds, p50 / p99',
  'runs',
  'no TCP answer',
  'failed connects',
  'no ARP answer',
  'two answer, p50 / max',
  'another answers after',
]

export function table(summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => [
    summary.title,
    `${summary.runs.length}`,
    `${summary.tcpSilentMs.p50} / ${summary.tcpSilentMs.p99}`,
    `${summary.failedConnects} of ${summary.runs.reduce((sum, { tcp }) => sum + tcp.total, 0)}`,
    `${summary.arpSilentMs.p50} / ${summary.arpSilentMs.p99}`,
    `${summary.doubleMs.p50} / ${summary.doubleMs.max}`,
    summary.takeoverMs
      ? `${summary.takeoverMs.p50} / ${summary.takeoverMs.p99} (${summary.takeovers} runs)`
      : 'none did',
  ])
  const all = [HEAD, ...rows]
  const widths = HEAD.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
