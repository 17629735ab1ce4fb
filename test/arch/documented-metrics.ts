/** The metrics that docs/metrics.md lists. */
import { readFileSync } from 'node:fs'

/** `name; type; labels` of each in the section of that heading, sorted. */
export function documentedMetrics(section: 'Controller' | 'Speaker'): string[] {
  const text = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  const own = text.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? ''
  return own
    .split('\n')
    .filter((line) => /^\| `(metallb|bellwether)_/.test(line))
    .map((line) => line.split('|').slice(1, 4))
    .map((cells) => cells.map((cell) => cell.replaceAll('`', '').trim()).join('; '))
    .sort()
}

/** The same of what a program keeps. */
export const keptMetrics = (
  families: readonly {
    readonly name: string
    readonly type: string
    readonly labels: readonly string[]
  }[],
): string[] =>
  families.map(({ name, type, labels }) => [name, type, labels.join(', ')].join('; ')).sort()
