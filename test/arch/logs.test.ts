/** Every event of the log is in docs/logs.md, at its level, and nothing is there that is never said. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Levels by event: `info`, or `debug, info` where it depends. */
type Levels = Map<string, string>

const LEVELS = ['debug', 'info', 'warn', 'error']

/** A call that logs, up to its fields: the constant names are the quoted words in it. */
const CALL =
  /(?:\blog\.(debug|info|warn|error)|\blog\[([^\]]*)\]|\.(log)|new (Trouble))\(([^{;]*?)(?:\{|\)\s|\)$|;)/gm

function said(text: string): [event: string, level: string][] {
  const code = text.replace(/\/\*[^]*?\*\//g, '')
  return [...code.matchAll(CALL)].flatMap(([, level, either, byOutbox, trouble, argument = '']) => {
    const words = quoted(argument)
    const events = words.filter((word) => !LEVELS.includes(word))
    if (trouble)
      return events.map((event, i) => [event, i === 0 ? 'warn' : 'info'] as [string, string])
    const levels = byOutbox ? words.filter((word) => LEVELS.includes(word)) : quoted(either ?? '')
    return events.map((event) => [event, level ?? levels.sort().join(', ')] as [string, string])
  })
}

const quoted = (text: string): string[] =>
  [...text.matchAll(/'([a-z]+(?:-[a-z0-9]+)*)'/g)].map(([, word = '']) => word)

function inSources(): Levels {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'))
  const levels = new Map<string, Set<string>>()
  for (const file of files) {
    for (const [event, level] of said(readFileSync(join(ROOT, file), 'utf8'))) {
      levels.set(event, (levels.get(event) ?? new Set()).add(level))
    }
  }
  return new Map([...levels].map(([event, set]) => [event, [...set].sort().join(', ')]))
}

function inDocs(): Levels {
  const rows = readFileSync(join(ROOT, 'docs/logs.md'), 'utf8').matchAll(
    /^\| `([a-z]+(?:-[a-z0-9]+)*)` *\| ([a-z, ]+?) *\| \S.* \| .*\|$/gm,
  )
  return new Map([...rows].map(([, event = '', level = '']) => [event, level]))
}

const lines = (levels: Levels): string[] =>
  [...levels].map(([event, level]) => `${event}: ${level}`).sort()

test('arch/logs: docs/logs.md has every event of the log with its level, and no other', () => {
  const sources = inSources()
  assert.ok(sources.size > 50, `only ${sources.size} found: is the pattern still right?`)
  assert.deepEqual(lines(inDocs()), lines(sources))
})

for (const [line, expected] of [
  ["this.#log.warn('a-b', { x })", [['a-b', 'warn']]],
  [
    "log.info(made ? 'it-is' : 'it-was', { x })",
    [
      ['it-is', 'info'],
      ['it-was', 'info'],
    ],
  ],
  [
    "log[ok ? 'info' : 'debug'](ok ? 'one' : 'other', { x })",
    [
      ['one', 'debug, info'],
      ['other', 'debug, info'],
    ],
  ],
  ["outbox.log('warn', 'name', { x })", [['name', 'warn']]],
  [
    "new Trouble(clock, log, 'gone', 'back')\n",
    [
      ['gone', 'warn'],
      ['back', 'info'],
    ],
  ],
  ["log.info('stopping')\n", [['stopping', 'info']]],
] as const) {
  test(`arch/logs: the check sees ${line.trim()}`, () => {
    assert.deepEqual(said(line), expected)
  })
}
