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
  readonly failed: number
  /** How: each once. */
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

export function longestOutage(probes: readonly Probe[]): Outage {
  const answered = probes
    .filter((probe) => probe.ok)
    .map((probe) => probe.atMs + probe.tookMs)
    .sort((a, b) => a - b)
  let silentMs = 0
  for (let i = 1; i < answered.length; i++) {
    silentMs = Math.max(silentMs, (answered[i] ?? 0) - (answered[i - 1] ?? 0))
  }
  return {
    silentMs: Math.round(silentMs),
    failed: probes.filter((probe) => !probe.ok).length,
    errors: [...new Set(probes.flatMap(({ error }) => error ?? []))],
    total: probes.length,
    recovered: probes.at(-1)?.ok ?? false,
  }
}
