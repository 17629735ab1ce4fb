/** The longest silence in a run of probes (tcp-prober.ts), as a client would feel it. */

export interface Probe {
  /** When it was started, Unix time in milliseconds. */
  readonly atMs: number
  readonly ok: boolean
  readonly tookMs: number
  /** How it failed. */
  readonly error?: string
}

export interface Outage {
  /** From the last success before the silence to the completion of the first one after it. */
  readonly silentMs: number
  /** For how much of that the prober itself did not come to ask: the machine kept it waiting. */
  readonly lateMs: number
  readonly failed: number
  /** When, in ms since the first probe, and how: the first ten. */
  readonly errors: readonly string[]
  readonly total: number
  /** False if the last probe failed: the silence was not over when probing ended. */
  readonly recovered: boolean
}

export function parseProbes(lines: string): Probe[] {
  return lines
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Probe)
    .sort((a, b) => a.atMs - b.atMs)
}

/** Failures that are told one by one. */
const TOLD = 10

/** From one probe to the next, where the prober is not late. */
const ON_TIME_MS = 100

/** For how long nobody asked in that stretch. */
function late(probes: readonly Probe[], fromMs: number, toMs: number): number {
  const asked = probes.map(({ atMs }) => atMs).filter((atMs) => atMs > fromMs && atMs < toMs)
  return [...asked, toMs]
    .map((atMs, i) => atMs - (asked[i - 1] ?? fromMs) - ON_TIME_MS)
    .reduce((sum, ms) => sum + Math.max(0, ms), 0)
}

export function longestOutage(probes: readonly Probe[]): Outage {
  const answered = probes
    .filter((probe) => probe.ok)
    .map((probe) => probe.atMs + probe.tookMs)
    .sort((a, b) => a - b)
  let [from, to] = [0, 0]
  for (let i = 1; i < answered.length; i++) {
    const [last = 0, next = 0] = answered.slice(i - 1)
    if (next - last > to - from) [from, to] = [last, next]
  }
  return {
    silentMs: Math.round(to - from),
    lateMs: Math.round(late(probes, from, to)),
    failed: probes.filter((probe) => !probe.ok).length,
    errors: probes
      .filter((probe) => !probe.ok)
      .slice(0, TOLD)
      .map(({ atMs, error }) => `${Math.round(atMs - (probes[0]?.atMs ?? 0))}: ${error}`),
    total: probes.length,
    recovered: probes.at(-1)?.ok ?? false,
  }
}
