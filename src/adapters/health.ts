/** `/healthz` says that the process runs, `/readyz` what keeps it from being ready. */
import type { Page, Pages } from './pages.ts'

/** `notReady`: one line for each thing that is missing; empty: ready. */
export function healthPages(notReady: () => readonly string[]): Pages {
  const text = (status: number, lines: readonly string[]): Page => ({
    status,
    type: 'text/plain',
    body: `${lines.join('\n')}\n`,
  })
  return {
    '/healthz': () => text(200, ['ok']),
    '/readyz': () => {
      const missing = notReady()
      return missing.length > 0 ? text(503, missing) : text(200, ['ok'])
    },
  }
}
