import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventRecorder } from '../adapters/kube/events.ts'
import { EVENTS, PODS } from '../ports/resources.ts'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { speakerOptions } from './options.ts'
import { tellSecretMissing } from './secret-missing.ts'

const ARGS = ['--namespace=metallb-system', '--node-name=w1', '--pod-name=speaker-1']

async function setUp() {
  const parsed = speakerOptions([...ARGS, '--ml-secret-key-path=/nowhere'], {})
  const missing = parsed.ok ? undefined : parsed.secretMissing
  assert.ok(!parsed.ok && missing)
  const cluster = new FakeCluster()
  const clock = new FakeClock()
  const recorder = new EventRecorder(cluster, clock, new MemoryLog(), 'metallb-speaker', 'w1')
  const metadata = { namespace: 'metallb-system', name: 'speaker-1' }
  await cluster.create(PODS, { metadata })
  const tell = () => tellSecretMissing(missing, cluster, recorder, clock)
  return { cluster, clock, tell, problems: parsed.problems }
}

test('speaker/secret: missing it is told by an event on the own pod, and on standard error', async () => {
  const { cluster, tell, problems } = await setUp()
  await tell()
  const [event, ...others] = await cluster.list(EVENTS, { namespace: 'metallb-system' })
  assert.deepEqual(others, [])
  const message = 'memberlist secret: expected a file /nowhere/secretkey; the controller makes it'
  assert.partialDeepStrictEqual(event, {
    type: 'Warning',
    reason: 'GossipSecretMissing',
    message,
    involvedObject: { kind: 'Pod', name: 'speaker-1' },
  })
  assert.deepEqual(problems, [message])
})

test('speaker/secret: an API that does not answer keeps the speaker from ending for two seconds', async () => {
  const { cluster, clock, tell } = await setUp()
  cluster.gate = new Promise(() => undefined)
  let over = false
  void tell().then(() => (over = true))
  await clock.advance(1999)
  await settle()
  assert.equal(over, false)
  await clock.advance(1)
  assert.equal(over, true)
})

for (const [what, args, missing] of [
  ['no path, no secret wanted', ARGS, false],
  ['a path without file', [...ARGS, '--ml-secret-key-path=/nowhere'], true],
] as const) {
  test(`speaker/secret: ${what}`, () => {
    const parsed = speakerOptions(args, {})
    assert.equal(!parsed.ok && parsed.secretMissing !== undefined, missing)
  })
}
