/**
 * What the segment was told about one address: requests every few milliseconds, and for each who
 * answered it and when (test/bench/arp-watch.ts writes them down, this reads them).
 */

/** One line of the watch: a request went out, or an answer to that request came in. */
export interface ArpEvent {
  /** Of the request; an answer carries that of the request it answers, however late. */
  readonly seq: number
  /** Unix time in milliseconds. */
  readonly atMs: number
  /** Who answers, as `aa:bb:cc:dd:ee:ff`; absent: this is the request. */
  readonly mac?: string
}

export interface ArpFigures {
  /** The longest time without any answer. */
  readonly silentMs: number
  /** Requests that more than one host answered. */
  readonly doubles: number
  /** The longest stretch of such requests, from the first to the last, by when they were asked. */
  readonly doubleMs: number
  /** From the beginning until another host than the first owner answers; null: none did. */
  readonly takeoverMs: number | null
}

export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

export function parseArpEvents(lines: string): ArpEvent[] {
  return lines
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as ArpEvent)
}

export const within = <T extends { readonly atMs: number }>(
  events: readonly T[],
  { fromMs, toMs }: Window,
): T[] => events.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)

/**
 * Figures of what happened after `sinceMs`, when `owner` was the one that answered. `events` are
 * those around that moment, in order of time.
 */
export function arpFigures(
  events: readonly ArpEvent[],
  owner: string,
  sinceMs: number,
): ArpFigures {
  const answers = events.filter((event) => event.mac !== undefined)
  let silentMs = 0
  for (let i = 1; i < answers.length; i++) {
    silentMs = Math.max(silentMs, (answers[i]?.atMs ?? 0) - (answers[i - 1]?.atMs ?? 0))
  }
  const doubles = doubleAnswers(events)
  const takeover = answers.find(({ mac, atMs }) => mac !== owner && atMs >= sinceMs)
  return {
    silentMs: Math.round(silentMs),
    doubles: doubles.length,
    doubleMs: Math.round(longestStretch(doubles)),
    takeoverMs: takeover ? Math.round(takeover.atMs - sinceMs) : null,
  }
}

/** The requests that two hosts or more answered, in order. */
function doubleAnswers(events: readonly ArpEvent[]): ArpEvent[] {
  const answeredBy = new Map<number, Set<string>>()
  for (const { seq, mac } of events) {
    if (mac === undefined) continue
    const macs = answeredBy.get(seq)
    if (macs) macs.add(mac)
    else answeredBy.set(seq, new Set([mac]))
  }
  return events.filter(({ seq, mac }) => {
    return mac === undefined && (answeredBy.get(seq)?.size ?? 0) > 1
  })
}

/** Doubles further apart are of different changes of owner: a rolling update has several. */
const STRETCH_GAP_MS = 100

function longestStretch(doubles: readonly ArpEvent[]): number {
  let longest = 0
  let first = 0
  let last = -Infinity
  for (const { atMs } of doubles) {
    if (atMs - last > STRETCH_GAP_MS) first = atMs
    last = atMs
    longest = Math.max(longest, last - first)
  }
  return longest
}

/** Answers that came in, by who gave them. */
export function answersByMac(events: readonly ArpEvent[]): Map<string, number> {
  const answers = new Map<string, number>()
  for (const { mac } of events) if (mac !== undefined) answers.set(mac, (answers.get(mac) ?? 0) + 1)
  return answers
}

/** The one host that answered, if it answered all but a few under way; undefined: there is none. */
export function onlyAnswerer(events: readonly ArpEvent[]): string | undefined {
  const macs = events.flatMap(({ mac }) => mac ?? [])
  const asked = events.length - macs.length
  const [mac, ...others] = new Set(macs)
  return others.length === 0 && macs.length >= asked * 0.95 ? mac : undefined
}
