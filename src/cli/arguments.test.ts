import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments } from './arguments.ts'
import type { Invocation } from './arguments.ts'

function well(...argv: string[]): Invocation {
  const parsed = parseArguments(argv)
  return parsed.ok ? parsed.invocation : assert.fail(parsed.problems.join('; '))
}

test('cli/arguments: flags as kubectl takes them, before the command and after it', () => {
  for (const argv of [
    ['-n', 'web', '-o', 'json', 'where', 'nginx'],
    ['where', 'nginx', '--namespace=web', '--output', 'json'],
    ['where', '-nweb', 'nginx', '-ojson'],
  ]) {
    const { command, operands, options } = well(...argv)
    assert.deepEqual([command, operands], ['where', ['nginx']])
    assert.deepEqual([options.namespace, options.output], ['web', 'json'])
  }
})

test('cli/arguments: what is not said has a default', () => {
  assert.deepEqual(well('status').options, {
    kubeconfig: undefined,
    context: undefined,
    namespace: undefined,
    metallbNamespace: 'metallb-system',
    requestTimeoutMs: 10_000,
    timeoutMs: 120_000,
    output: 'table',
    dryRun: false,
    force: false,
    help: false,
  })
})

for (const [text, ms] of [
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['7', 7000],
  ['0', Infinity],
] as const) {
  test(`cli/arguments: a patience of ${text}`, () => {
    assert.equal(well('status', '--request-timeout', text).options.requestTimeoutMs, ms)
  })
}

test('cli/arguments: all that is wrong is told together', () => {
  const parsed = parseArguments([
    'status',
    '--wide',
    '-o',
    'xml',
    '--request-timeout=soon',
    '--dry-run',
    '--help=maybe',
    '--context',
  ])
  assert.deepEqual(parsed, {
    ok: false,
    command: 'status',
    problems: [
      'unknown flag --wide',
      '--dry-run is a flag of drain and undrain only',
      '--help: expected true or false, got "maybe"',
      '--context needs a value: NAME',
      '--output: expected one of table, json, yaml, got "xml"',
      '--request-timeout: expected a duration like 30s or 2m, got "soon"',
    ],
  })
})

test('cli/arguments: after -- everything is an operand', () => {
  assert.deepEqual(well('where', '--', '-n').operands, ['-n'])
})
