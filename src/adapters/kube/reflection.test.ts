import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Change, KubeObject } from '../../ports/cluster.ts'
import { SERVICES } from '../../ports/resources.ts'
import { Reflection, backOffMs } from './reflection.ts'

const object = (name: string, resourceVersion: string, uid = name): KubeObject => ({
  metadata: { namespace: 'd', name, resourceVersion, uid },
})

function setUp() {
  const said: string[] = []
  const reflection = new Reflection(SERVICES, (change) =>
    said.push(
      change.kind === 'synced' ? 'synced' : `${change.kind} ${change.object.metadata.name}`,
    ),
  )
  const heard = () => said.splice(0)
  return { reflection, heard }
}

test('kube/reflection: a second list tells only what differs', () => {
  const { reflection, heard } = setUp()
  reflection.listed([object('a', '1'), object('b', '2'), object('c', '3')], '3')
  assert.deepEqual(heard(), ['upsert a', 'upsert b', 'upsert c', 'synced'])
  reflection.listed([object('a', '1'), object('c', '9'), object('d', '8')], '9')
  assert.deepEqual(heard(), ['delete b', 'upsert c', 'upsert d', 'synced'])
})

test('kube/reflection: an object made again under its name is a deletion and a creation', () => {
  const { reflection, heard } = setUp()
  reflection.listed([object('a', '1', 'u1')], '1')
  heard()
  reflection.listed([object('a', '2', 'u2')], '2')
  assert.deepEqual(heard(), ['delete a', 'upsert a', 'synced'])
})

for (const [what, event, next, version] of [
  ['an addition', { type: 'ADDED', object: object('a', '7') }, 'go-on', '7'],
  ['a bookmark', { type: 'BOOKMARK', object: object('', '8') }, 'go-on', '8'],
  ['an unknown kind of line', { type: 'NOISE', object: object('a', '9') }, 'go-on', '5'],
  [
    'an expired version',
    { type: 'ERROR', object: { code: 410 } as unknown as KubeObject },
    'list',
    '',
  ],
  [
    'the end of its kind',
    { type: 'ERROR', object: { code: 404 } as unknown as KubeObject },
    'list',
    '',
  ],
  [
    'another error',
    { type: 'ERROR', object: { code: 500 } as unknown as KubeObject },
    'watch',
    '5',
  ],
] as const) {
  test(`kube/reflection: after ${what}: ${next}, resuming at "${version}"`, () => {
    const { reflection } = setUp()
    reflection.listed([], '5')
    assert.equal(reflection.heard(event), next)
    assert.equal(reflection.resourceVersion, version)
  })
}

test('kube/reflection: a kind is missing from a 404 on until it is listed, and what was known stays', () => {
  const { reflection, heard } = setUp()
  reflection.failed(404)
  assert.deepEqual([reflection.missing, reflection.synced], [true, false])
  reflection.listed([object('a', '1')], '1')
  assert.equal(reflection.missing, false)
  heard()
  reflection.failed(404)
  assert.equal(reflection.missing, true)
  assert.deepEqual(heard(), [])
  assert.equal(reflection.objects.size, 1)
  // Whoever does not answer has not said that it is back.
  reflection.failed(500)
  assert.equal(reflection.missing, true)
})

test('kube/reflection: the wait grows, stays under its cap, and is never nothing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const ms = backOffMs(attempt, random)
        assert.ok(ms >= 125 && ms <= 5000)
        assert.ok(backOffMs(attempt + 1, random) >= ms)
      },
    ),
  )
})

test('kube/reflection: where only metadata is kept, a change still tells the whole object', () => {
  const told: unknown[] = []
  const tell = (change: Change) => change.kind === 'upsert' && told.push(change.object['spec'])
  const reflection = new Reflection(SERVICES, tell, 'metadata')
  reflection.listed([{ ...object('a', '1'), spec: { type: 'LoadBalancer' } }], '1')
  assert.deepEqual(told, [{ type: 'LoadBalancer' }])
  assert.deepEqual(reflection.objects.get('d/a'), object('a', '1'))
})

test('kube/reflection: a refresh is answered by the first list that begins after it, not by one under way', async () => {
  const { reflection } = setUp()
  let interrupted = 0
  reflection.interrupt = () => interrupted++
  reflection.listing()
  let fresh = false
  const refreshed = reflection.refresh().then(() => (fresh = true))
  assert.equal(interrupted, 1)
  reflection.listed([], '5')
  await Promise.resolve()
  assert.equal(fresh, false)
  assert.equal(reflection.listWanted, true)
  reflection.listing()
  // Until it has come it may fail, and has to be asked for again.
  assert.equal(reflection.listWanted, true)
  reflection.listed([object('a', '6')], '6')
  assert.equal(reflection.listWanted, false)
  await refreshed
})
