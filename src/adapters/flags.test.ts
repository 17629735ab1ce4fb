import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFlags } from './flags.ts'

const SPEC = {
  port: { kind: 'number', default: '9120', env: 'PORT' },
  'node-name': { kind: 'text', env: 'NODE_NAME' },
  'ml-wan-config': { kind: 'boolean' },
} as const

for (const [argv, env, expected] of [
  [[], {}, { port: 9120, 'node-name': '', 'ml-wan-config': false }],
  [['--port=1', '-node-name', 'w1'], {}, { port: 1, 'node-name': 'w1', 'ml-wan-config': false }],
  [
    ['--ml-wan-config'],
    { NODE_NAME: 'w2' },
    { port: 9120, 'node-name': 'w2', 'ml-wan-config': true },
  ],
  [
    ['--ml-wan-config=false', '--port', '2'],
    { PORT: '3' },
    { port: 2, 'node-name': '', 'ml-wan-config': false },
  ],
] as const) {
  test(`flags: [${argv.join(' ')}] ${JSON.stringify(env)}`, () => {
    assert.deepEqual(parseFlags(SPEC, argv, env), { ok: true, values: expected })
  })
}

test('flags: all that is wrong is told at once', () => {
  const parsed = parseFlags(SPEC, ['--port=x', '--colour', '--node-name'], {})
  assert.ok(!parsed.ok)
  assert.equal(parsed.problems.length, 3)
  assert.match(parsed.problems[0] ?? '', /unknown argument "--colour"; known flags: --port, /)
  assert.match(parsed.problems[1] ?? '', /--node-name needs a value/)
  assert.match(parsed.problems[2] ?? '', /--port: expected a number, got "x"/)
})
