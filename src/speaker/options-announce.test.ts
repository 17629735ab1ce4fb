/** How a speaker announces, and what it does about strangers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { speakerOptions } from './options.ts'

const options = (flags: readonly string[], env: Record<string, string> = {}) =>
  speakerOptions(['--namespace=x', '--node-name=w1', ...flags], env)
const defaults = { packetsPerSecond: 5000, refreshMs: 150_000, conflict: 'tell' }

for (const [what, flags, env, expected] of [
  ['paced, refreshed and told of by default', [], {}, {}],
  ['0 is no bound', ['--announce-rate=0'], {}, { packetsPerSecond: Infinity }],
  ['0 is no refresh', ['--announce-refresh', '0'], {}, { refreshMs: undefined }],
  ['seconds between refreshes', ['--announce-refresh=60'], {}, { refreshMs: 60_000 }],
  ['a policy', ['--address-conflict=yield'], {}, { conflict: 'yield' }],
  [
    'all by environment',
    [],
    {
      BELLWETHER_ANNOUNCE_RATE: '100',
      BELLWETHER_ANNOUNCE_REFRESH: '300',
      BELLWETHER_ADDRESS_CONFLICT: 'defend',
    },
    { packetsPerSecond: 100, refreshMs: 300_000, conflict: 'defend' },
  ],
] as const) {
  test(`speaker/options: announcing: ${what}`, () => {
    const parsed = options(flags, env)
    assert.ok(parsed.ok)
    assert.deepEqual(parsed.options.announce, { ...defaults, ...expected })
  })
}

test('speaker/options: announcing: all that is wrong is told, with what was expected', () => {
  const parsed = options(['--address-conflict=fight', '--announce-refresh=1'])
  assert.ok(!parsed.ok)
  assert.deepEqual(parsed.problems, [
    '--address-conflict: expected one of tell, defend, yield, got "fight"',
    '--announce-refresh: expected 0 (off) or at least 5 seconds, got "1"',
  ])
})
