/** Moments as the API writes them, RFC 3339 in UTC, and as ms since 1970. No clock is asked. */

const TEXT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3})\d*)?Z$/
const DAY_MS = 86_400_000

/** ms since 1970; undefined: it is none. */
export function parseTime(text: string | undefined): number | undefined {
  const parts = TEXT.exec(text ?? '')
  if (!parts) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map(Number)
  const ms = Number((parts[7] ?? '').padEnd(3, '0'))
  return daysTo(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + ms
}

/** `2026-01-02T03:04:05Z`; parts of a second are dropped. */
export function formatTime(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  // The year that the day is in: by the mean length of one, then corrected by one at most.
  let year = 1970 + Math.floor(days / 365.2425)
  while (daysTo(year + 1, 1, 1) <= days) year++
  while (daysTo(year, 1, 1) > days) year--
  let month = 12
  while (daysTo(year, month, 1) > days) month--
  const seconds = Math.floor((ms - days * DAY_MS) / 1000)
  const two = (value: number) => `${value}`.padStart(2, '0')
  const date = [`${year}`.padStart(4, '0'), two(month), two(days - daysTo(year, month, 1) + 1)]
  const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((it) => two(Math.floor(it)))
  return `${date.join('-')}T${time.join(':')}Z`
}

/** Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that leap days are last. */
function daysTo(year: number, month: number, day: number): number {
  const from = month > 2 ? year : year - 1
  const inYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leap = Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400)
  return from * 365 + leap + inYear - 719_468
}
