/**
 * Runs the test suites and ends with `N passed, N failed`. A failure says which and why at once, and at
 * the end again how to run it alone. After each suite: what took longest.
 *
 *   node test/run.ts [suite…] [--only 'part of a test name'] [file…]
 */
import { globSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'

/** What floods a machine runs alone: beside it others are late, and it is to tell what a flood does, not they. */
const LOAD = ['test/netns/{gossip-flood,packet-load}.test.ts']

/**
 * In the order they run: what is quick and tells most comes first. A file's time is no bound of the product,
 * only an end to one that hangs: several times what a slow machine takes.
 */
const SUITES = {
  unit: {
    files: ['src/**/*.test.ts', 'test/{arch,docs,lab,sim,soak}/*.test.ts'],
    concurrency: 2,
    timeoutMs: 1_200_000,
  },
  contract: {
    files: ['test/{contract,monitoring}/*.test.ts'],
    concurrency: 2,
    timeoutMs: 900_000,
  },
  netns: { files: ['test/netns/*.test.ts'], exclude: LOAD, concurrency: 2, timeoutMs: 900_000 },
  load: { files: LOAD, concurrency: 1, timeoutMs: 900_000 },
  page: { files: ['test/page/*.test.ts'], concurrency: 1, timeoutMs: 900_000 },
  e2e: { files: ['test/e2e/*.test.ts'], concurrency: 1, timeoutMs: 1_800_000 },
  soak: {
    files: [
      'test/{soak,sim}/*.test.ts',
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

/** Files that are named as the slowest of a suite, and from which time on. */
const SLOWEST = { count: 10, fromMs: 5000 }

interface Failure {
  readonly name: string
  readonly file: string
  readonly message: string
}

let passed = 0
const failures: Failure[] = []

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
  const took: { readonly file: string; readonly ms: number }[] = []
  stream.on('test:summary', ({ file, duration_ms: ms }) => {
    // One without a file is of all of them.
    if (file !== undefined) took.push({ file, ms })
  })
  stream.on('test:pass', (event) => {
    if (event.details.type !== 'suite' && event.skip === undefined) passed++
  })
  stream.on('test:fail', (event) => {
    const { error } = event.details
    // A parent fails with its children: the children tell why.
    if ('failureType' in error && error.failureType === 'subtestsFailed') return
    const cause = error.cause instanceof Error ? error.cause.message : error.message
    const failure = { name: event.name, file: shortened(event.file ?? ''), message: cause }
    failures.push(failure)
    tell(failure)
  })
  if (title === 'unit') {
    // So many that only what fails is printed.
    for await (const _ of stream) void _
  } else {
    const report = stream.compose(spec)
    for await (const text of report) process.stdout.write(String(text))
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`   ${seconds} s`)
  const slowest = took.filter(({ ms }) => ms >= SLOWEST.fromMs).sort((a, b) => b.ms - a.ms)
  for (const { file, ms } of slowest.slice(0, SLOWEST.count)) {
    console.log(`   ${(ms / 1000).toFixed(0).padStart(6)} s  ${shortened(file)}`)
  }
}

function tell({ name, file, message }: Failure): void {
  console.log(`\nFAILED  ${name} (${file})\n  ${message.replaceAll('\n', '\n  ')}`)
}

const shortened = (file: string): string => file.replace(`${process.cwd()}/`, '')

const escape = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))

for (const name of suites) {
  const { files, concurrency, timeoutMs, ...rest } = SUITES[name]
  const list = globSync(files, { exclude: [], ...rest }).sort()
  await runFiles(name, list, concurrency, timeoutMs)
}
await runFiles('named', files, 1, 1_500_000)

// The end-to-end tests share one lab; KEEP_LAB=1 leaves it up for the next run.
const needsLab = suites.includes('e2e') || files.some((file) => file.includes('test/e2e/'))
if (needsLab && process.env['KEEP_LAB'] !== '1') {
  const { lab } = await import('./e2e/harness.ts')
  await lab.down()
}

for (const failure of failures) {
  tell(failure)
  const { name, file } = failure
  console.log(`  alone: node test/run.ts ${file} --only '${name.replaceAll("'", "'\\''")}'`)
}
if (passed + failures.length === 0) failures.push({ name: 'no test ran', file: '', message: '' })
console.log(`\n${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 ? 1 : 0
