/**
 * Runs the test suites and ends with `N passed, N failed`. A failure says which, why, and how to
 * run it alone.
 *
 *   node test/run.ts [suite…] [--only 'part of a test name'] [file…]
 */
import { globSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'

/** In the order they run: what is quick and tells most comes first. */
const SUITES = {
  unit: {
    files: ['src/**/*.test.ts', 'test/{arch,docs,lab,sim,soak}/*.test.ts'],
    concurrency: 2,
    timeoutMs: 600_000,
  },
  contract: {
    files: ['test/{contract,monitoring}/*.test.ts'],
    concurrency: 1,
    timeoutMs: 300_000,
  },
  netns: { files: ['test/netns/*.test.ts'], concurrency: 1, timeoutMs: 300_000 },
  page: { files: ['test/page/*.test.ts'], concurrency: 1, timeoutMs: 300_000 },
  e2e: { files: ['test/e2e/*.test.ts'], concurrency: 1, timeoutMs: 1_500_000 },
  soak: {
    files: [
      'test/soak/*.test.ts',
      'test/netns/gossip-mixed.test.ts',
      'src/core/wire/memberlist/fuzz.test.ts',
    ],
    concurrency: 2,
    timeoutMs: 3 * 3_600_000,
  },
} as const
/** Not unless it is named: it is of what the others have in short, and takes its time. */
const ON_DEMAND: readonly string[] = ['soak']

type Suite = keyof typeof SUITES

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' } },
})
const wanted = positionals.filter((word): word is Suite => Object.hasOwn(SUITES, word))
const files = positionals.filter((word) => !Object.hasOwn(SUITES, word))
const all = (Object.keys(SUITES) as Suite[]).filter((suite) => !ON_DEMAND.includes(suite))
const suites = wanted.length > 0 || files.length > 0 ? wanted : all

let passed = 0
const failures: { name: string; file: string; message: string }[] = []

async function runFiles(title: string, list: string[], concurrency: number, timeout: number) {
  if (list.length === 0) return
  console.log(`── ${title}: ${list.length} files`)
  const started = performance.now()
  const stream = run({
    files: list,
    concurrency,
    timeout,
    ...(values.only === undefined ? {} : { testNamePatterns: [escape(values.only)] }),
  })
  stream.on('test:pass', (event) => {
    if (event.details.type !== 'suite' && event.skip === undefined) passed++
  })
  stream.on('test:fail', (event) => {
    const { error } = event.details
    // A parent fails with its children: the children tell why.
    if ('failureType' in error && error.failureType === 'subtestsFailed') return
    const cause = error.cause instanceof Error ? error.cause.message : error.message
    failures.push({ name: event.name, file: event.file ?? '', message: cause })
  })
  if (title === 'unit') {
    for await (const _ of stream) void _
  } else {
    const report = stream.compose(spec)
    for await (const text of report) process.stdout.write(String(text))
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`   ${seconds} s`)
}

const escape = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))

for (const name of suites) {
  const suite = SUITES[name]
  await runFiles(name, globSync(suite.files).sort(), suite.concurrency, suite.timeoutMs)
}
await runFiles('named', files, 1, 1_500_000)

// The end-to-end tests share one lab; KEEP_LAB=1 leaves it up for the next run.
const needsLab = suites.includes('e2e') || files.some((file) => file.includes('test/e2e/'))
if (needsLab && process.env['KEEP_LAB'] !== '1') {
  const { lab } = await import('./e2e/harness.ts')
  await lab.down()
}

for (const { name, file, message } of failures) {
  const path = file.replace(`${process.cwd()}/`, '')
  console.log(`\nFAILED  ${name}\n  ${message.replaceAll('\n', '\n  ')}`)
  console.log(`  alone: node test/run.ts ${path} --only '${name.replaceAll("'", "'\\''")}'`)
}
if (passed + failures.length === 0) failures.push({ name: 'no test ran', file: '', message: '' })
console.log(`\n${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 ? 1 : 0
