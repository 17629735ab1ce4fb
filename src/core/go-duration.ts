/** Durations as Go's `time.ParseDuration` takes them: `1s`, `500ms`, `1m30s`, `-1.5h`, `0`. */

const MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5
  μs: 1e-3, // U+03BC
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const NUMBER = String.raw`(?:\d+\.?\d*|\.\d+)`
const UNIT = '(?:ns|us|µs|μs|ms|s|m|h)'
const WHOLE = new RegExp(`^[-+]?(?:0|(?:${NUMBER}${UNIT})+)$`)
const PART = new RegExp(`(${NUMBER})(${UNIT})`, 'g')

/** In milliseconds, with fractions; undefined where it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined
  let ms = 0
  for (const [, number, unit = ''] of text.matchAll(PART)) ms += Number(number) * (MS[unit] ?? 0)
  return text.startsWith('-') ? -ms : ms
}
