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
const own = status('l2-a', 'w1')
const another = status('l2-b', 'w2')
const saying = (announced: Announced) => status('l2-a', 'w1', announced)
const update = ['update l2-a']

for (const [what, announced, objects, expected] of [
  ['the owner makes the one that is missing', nginx, [], ['create']],
  ['the owner leaves an exact one alone', nginx, [own], []],
  ['the owner mends the interfaces', onEth1, [own], update],
  ['the owner leaves alone what says when it took it', told, [saying(told)], []],
  ['the owner mends what says when it took it before', later, [saying(told)], update],
  ['the owner leaves one alone that says what MetalLB says', told, [own], []],
  ['the owner tells of a conflict', contested, [own], update],
  ['the owner tells of it once', contested, [saying(contested)], []],
  ['the owner tells of another one', moreContested, [saying(contested)], update],
  ['the owner takes back a conflict that has passed', nginx, [saying(contested)], update],
  [
    'the owner fills in one whose status was never written',
    nginx,
    [{ ...own, status: {} }],
    update,
  ],
  [
    'the owner removes those of others',
    nginx,
    [own, another, status('l2-c', 'w3')],
    ['delete l2-b', 'delete l2-c'],
  ],
  ['the owner removes a double of its own', nginx, [status('l2-b', 'w1'), own], ['delete l2-b']],
  ['one who is not the owner removes its own', undefined, [own], ['delete l2-a']],
  ['one who is not the owner leaves those of others', undefined, [another], []],
  [
    'one who is not the owner removes those of a lost node',
    undefined,
    [another, status('l2-c', 'lost')],
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
    ...own,
    status: { conditions: [{ ...condition, lastTransitionTime: since }] },
  }
  const [again] = statusFields('w1', moreContested, before).conditions ?? []
  assert.deepEqual([again?.message, again?.lastTransitionTime], ['two MACs', since])
  assert.equal(statusFields('w1', nginx, before).conditions, null)
})

test('speaker/status: an object carries the labels of MetalLB, which name its Service', () => {
  assert.deepEqual(own.metadata.labels, {
    'metallb.io/node': 'w1',
    'metallb.io/service-name': 'nginx',
    'metallb.io/service-namespace': 'default',
  })
  assert.equal(serviceOf(own), 'default/nginx')
})
