/** Tells what long steps are under way, and for how long. */

const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}

/** Steps under way by the time they began; the line shows the oldest. */
const running = new Map<string, number>()
let ticker: NodeJS.Timeout | undefined

function draw(): void {
  const [oldest] = running
  if (oldest === undefined) return
  const others = running.size > 1 ? ` (+${running.size - 1})` : ''
  process.stdout.write(`\r\x1b[K${oldest[0]}${others} … ${clock(performance.now() - oldest[1])}`)
}

function say(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`)
}

/** Off a terminal, a step is announced only when it turns out to take longer than this. */
const SHORT_MS = 3000

/**
 * Runs `work` under a progress line, `expected` being a hint such as "about 7 min". On a terminal the
 * line counts the time; elsewhere one line tells of what takes long, and one of the end.
 */
export async function step<T>(
  title: string,
  work: () => Promise<T>,
  expected?: string,
): Promise<T> {
  const label = expected === undefined ? title : `${title}, ${expected}`
  const began = performance.now()
  running.set(label, began)
  let announcement: NodeJS.Timeout | undefined
  if (process.stdout.isTTY) {
    ticker ??= setInterval(draw, 500).unref()
    draw()
  } else {
    announcement = setTimeout(() => say(`${label} …`), SHORT_MS).unref()
  }
  let outcome = 'FAILED'
  try {
    const result = await work()
    outcome = 'done'
    return result
  } finally {
    clearTimeout(announcement)
    running.delete(label)
    if (running.size === 0) ticker = void clearInterval(ticker)
    say(`${title}: ${outcome} in ${clock(performance.now() - began)}`)
  }
}
