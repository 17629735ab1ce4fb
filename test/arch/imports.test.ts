/** Arrows point inward. Each forbidden edge has its reason. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const SRC = fileURLToPath(new URL('../../src/', import.meta.url))

interface Rule {
  readonly from: RegExp
  readonly to: RegExp
  readonly except?: RegExp
  readonly because: string
}

const RULES: readonly Rule[] = [
  {
    from: /^core\//,
    to: /^node:/,
    because: 'core is pure: what it needs of Node comes in as an argument',
  },
  {
    from: /^core\//,
    to: /^[^.]*$|^@/,
    except: /^(zod|ip-address|@noble\/hashes\/.*)$/,
    because: 'core uses only libraries that are pure themselves',
  },
  { from: /^core\//, to: /^(adapters|controller|speaker|cli)\//, because: 'core knows no shell' },
  {
    from: /^core\//,
    to: /^ports\//,
    because: 'effects of core are values',
  },
  {
    from: /^ports\//,
    to: /^(adapters|controller|speaker|cli)\//,
    because: 'ports know no implementation',
  },
  {
    from: /^ports\//,
    to: /^node:|^[^.]*$/,
    except: /^ports\/|^core\//,
    because: 'ports are types',
  },
  {
    from: /^adapters\//,
    to: /^(controller|speaker|cli)\//,
    because: 'adapters serve all programs',
  },
  { from: /^controller\//, to: /^speaker\//, because: 'the programs meet only in the API server' },
  {
    from: /^page\//,
    to: /^[^.]*$|^node:|^(?!page\/)/,
    except: /^preact(\/hooks)?$|^page\/|^core\/report\/board-state\.ts$/,
    because: 'the page runs in a browser, and weighs what it imports',
  },
  { from: /^(?!page\/)/, to: /^page\//, because: 'the page is bundled apart' },
  { from: /^speaker\//, to: /^controller\//, because: 'the programs meet only in the API server' },
  {
    from: /^cli\//,
    to: /^(controller|speaker)\//,
    because: 'the plugin sees of the programs what they show',
  },
  { from: /^(controller|speaker)\//, to: /^cli\//, because: 'no program has the plugin in it' },
]

interface Edge {
  readonly from: string
  readonly to: string
}

/** Imports of a file: paths below src/, or names of packages. */
function edgesOf(from: string, text: string): Edge[] {
  const imports = text.matchAll(
    /^(?:import|export)\b[^'"]*?from ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm,
  )
  return [...imports].map((match) => {
    const name = match[1] ?? match[2] ?? ''
    const to = name.startsWith('.') ? join(dirname(from), name) : name
    return { from, to }
  })
}

function violations(edges: readonly Edge[]): string[] {
  return edges.flatMap(({ from, to }) =>
    RULES.filter((rule) => rule.from.test(from) && rule.to.test(to) && !rule.except?.test(to)).map(
      ({ because }) => `${from} imports ${to}: ${because}`,
    ),
  )
}

test('arch/imports: no file reaches where it should not', () => {
  const files = globSync('**/*.{ts,tsx}', { cwd: SRC }).filter((file) => !file.endsWith('.test.ts'))
  const edges = files.flatMap((file) =>
    edgesOf(relative('.', file), readFileSync(join(SRC, file), 'utf8')),
  )
  assert.ok(edges.length > 200, `only ${edges.length} imports found: is the pattern still right?`)
  assert.deepEqual(violations(edges), [])
})

for (const [from, line] of [
  ['core/net/ip.ts', "import { readFileSync } from 'node:fs'"],
  ['core/net/ip.ts', "import type { A } from '../../adapters/udp.ts'"],
  ['core/net/ip.ts', "import { pino } from 'pino'"],
  ['core/pool/wish.ts', "export { x } from '../../ports/clock.ts'"],
  ['ports/log.ts', "import { x } from '../speaker/run.ts'"],
  ['speaker/run.ts', "import { x } from '../controller/run.ts'"],
  ['page/app.tsx', "import * as z from 'zod'"],
  ['page/app.tsx', "import { x } from '../core/report/board.ts'"],
  ['cli/main.ts', "import type { X } from '../speaker/messages.ts'"],
  ['controller/run.ts', "import { x } from '../cli/connection.ts'"],
] as const) {
  test(`arch/imports: the check sees ${line} in ${from}`, () => {
    assert.equal(violations(edgesOf(from, line)).length > 0, true)
  })
}
