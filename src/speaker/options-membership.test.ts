/** Which of memberlist's profiles a speaker takes: off, the file, the flag, a LAN. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { WAN } from '../core/gossip/profiles.ts'
import { speakerOptions } from './options.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellwether-options-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const tuned = file(
  'tuned.json',
  JSON.stringify({
    ...{ TCPTimeout: '10s', PushPullInterval: '30s', ProbeTimeout: '500ms', ProbeInterval: '2s' },
    ...{ GossipInterval: '200ms', GossipToTheDeadTime: '30s', QueueCheckInterval: '30s' },
    EnableCompression: false,
  }),
)
const wrong = file('wrong.json', '{}')
const options = (...flags: readonly string[]) =>
  speakerOptions(['--namespace=x', '--node-name=w1', ...flags], {})
const ON = ['--ml-bindaddr=10.0.0.1', '--ml-labels=a=b'] as const

for (const [what, flags, name, probeIntervalMs] of [
  ['without a file, that of a LAN', [...ON, '--ml-config=/nowhere'], 'lan', 1000],
  ['with the flag, that of a WAN', [...ON, '--ml-config=/nowhere', '--ml-wan-config'], 'wan', 5000],
  ["with a file, the file's", [...ON, `--ml-config=${tuned}`], 'file', 2000],
  ['with both, the file', [...ON, `--ml-config=${tuned}`, '--ml-wan-config'], 'file', 2000],
  ['none without addresses to bind, whatever the file', [`--ml-config=${wrong}`], 'off', undefined],
] as const) {
  test(`speaker/options: profile: ${what}`, () => {
    const parsed = options(...flags)
    assert.ok(parsed.ok)
    const { profile, profileName, switches } = parsed.options
    assert.equal(profileName, name)
    assert.equal(profile === 'off' ? undefined : profile.probeIntervalMs, probeIntervalMs)
    assert.equal(switches.compression, name !== 'file')
    if (name === 'wan') assert.deepEqual(profile, WAN)
  })
}

test('speaker/options: what is wrong in the file is told beside what is wrong in the flags', () => {
  const parsed = options(...ON, `--ml-config=${wrong}`, '--failure-detection=soon')
  assert.ok(!parsed.ok)
  assert.equal(parsed.problems.filter((it) => it.startsWith(wrong)).length, 7)
  assert.ok(parsed.problems.some((it) => it.startsWith('--failure-detection')))
})
