import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../ports/cluster.ts'
import { newStatus, planStatus, serviceOf, statusFields } from './status-plan.ts'
import type { Announced } from './status-plan.ts'

const nginx: Announced = { service: 'default/nginx', interfaces: [] }

const status = (name: string, node: string, announced: Announced = nginx): KubeObject => ({
  ...newStatus(node, 'metallb-system', announced, {}),
  metadata: { ...newStatus(node, 'metallb-system', announced, {}).metadata, name },
  status: statusFields(node, announced),
})

/** `create`, `update l2-a`, `delete l2-b`. */
const said = (announced: Announced | undefined, ...objects: KubeObject[]): string[] =>
  planStatus('w1', announced, objects, (node) => node === 'lost').map((call) =>
    call.kind === 'create' ? 'create' : `${call.kind} ${call.object.metadata.name}`,
  )

const taken = { cause: 'nodeGone', from: 'w2', outageMs: 700, since: 1000 } as const
const told: Announced = { ...nginx, why: 'next', taken }
const later: Announced = { ...told, taken: { ...taken, since: 2000 } }
const onEth1: Announced = { ...nginx, interfaces: ['eth1'] }
const conflict = { reason: 'Stranger', message: 'MAC 02:00:00:00:00:99' } as const
const contested: Announced = { ...nginx, conflict }
const moreContested: Announced = { ...nginx, conflict: { ...conflict, message: 'two MACs' } }
const empty: KubeObject = { ...status('l2-a', 'w1'), status: {} }

for (const [what, announced, objects, expected] of [
  ['the owner makes the one that is missing', nginx, [], ['create']],
  ['the owner leaves an exact one alone', nginx, [status('l2-a', 'w1')], []],
  ['the owner mends the interfaces', onEth1, [status('l2-a', 'w1')], ['update l2-a']],
  ['the owner leaves alone what says when it took it', told, [status('l2-a', 'w1', told)], []],
  [
    'the owner mends what says when it took it before',
    later,
    [status('l2-a', 'w1', told)],
    ['update l2-a'],
  ],
  ['the owner leaves one alone that says what MetalLB says', told, [status('l2-a', 'w1')], []],
  ['the owner tells of a conflict', contested, [status('l2-a', 'w1')], ['update l2-a']],
  ['the owner tells of it once', contested, [status('l2-a', 'w1', contested)], []],
  [
    'the owner tells of another one',
    moreContested,
    [status('l2-a', 'w1', contested)],
    ['update l2-a'],
  ],
  [
    'the owner takes back a conflict that has passed',
    nginx,
    [status('l2-a', 'w1', contested)],
    ['update l2-a'],
  ],
  ['the owner fills in one whose status was never written', nginx, [empty], ['update l2-a']],
  [
    'the owner removes those of others',
    nginx,
    [status('l2-a', 'w1'), status('l2-b', 'w2'), status('l2-c', 'w3')],
    ['delete l2-b', 'delete l2-c'],
  ],
  [
    'the owner removes a double of its own',
    nginx,
    [status('l2-b', 'w1'), status('l2-a', 'w1')],
    ['delete l2-b'],
  ],
  ['one who is not the owner removes its own', undefined, [status('l2-a', 'w1')], ['delete l2-a']],
  ['one who is not the owner leaves those of others', undefined, [status('l2-b', 'w2')], []],
  [
    'one who is not the owner removes those of a lost node',
    undefined,
    [status('l2-b', 'w2'), status('l2-c', 'lost')],
    ['delete l2-c'],
  ],
] as const) {
  test(`speaker/status: ${what}`, () => assert.deepEqual(said(announced, ...objects), expected))
}

test('speaker/status: a condition keeps its time for as long as it stands', () => {
  const since = '2026-01-02T03:04:05Z'
  const [condition] = statusFields('w1', contested).conditions ?? []
  assert.partialDeepStrictEqual(condition, { type: 'AddressConflict', status: 'True', ...conflict })
  const before = {
    ...status('l2-a', 'w1'),
    status: { conditions: [{ ...condition, lastTransitionTime: since }] },
  }
  const [again] = statusFields('w1', moreContested, before).conditions ?? []
  assert.deepEqual([again?.message, again?.lastTransitionTime], ['two MACs', since])
  assert.equal(statusFields('w1', nginx, before).conditions, null)
})

test('speaker/status: an object carries the labels of MetalLB, which name its Service', () => {
  const object = status('l2-a', 'w1')
  assert.deepEqual(object.metadata.labels, {
    'metallb.io/node': 'w1',
    'metallb.io/service-name': 'nginx',
    'metallb.io/service-namespace': 'default',
  })
  assert.equal(serviceOf(object), 'default/nginx')
})
