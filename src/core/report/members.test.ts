import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membersReport } from './members.ts'
import type { SpeakerGossip } from './members.ts'

const NAMES = ['w1', 'w2', 'w3']

/** States that a speaker tells, in the order of NAMES; undefined: it does not know that one. */
function view(node: string, states: readonly (string | undefined)[], owner = 'w1'): SpeakerGossip {
  const members = NAMES.flatMap((name, i) => {
    const state = states[i]
    if (state === undefined) return []
    return [{ name, address: `10.0.0.${i}:7946`, state, kind: 'ours', settled: true, uplinks: {} }]
  })
  return { node, owners: [{ ip: '10.0.0.9', owner }], gossip: { members } }
}

const states = (report: ReturnType<typeof membersReport>) =>
  report.members.map(({ name, state }) => `${name} ${state}`)

test('report/members: all see all', () => {
  const report = membersReport(
    NAMES.map((name) => view(name, ['alive', 'alive', 'alive'])),
    [],
  )
  assert.equal(report.agreed, true)
  assert.deepEqual(states(report), ['w1 alive', 'w2 alive', 'w3 alive'])
  assert.deepEqual(report.groups, [NAMES])
})

test('report/members: suspicion is no disagreement, nor is one that a new speaker has never heard of', () => {
  const report = membersReport(
    [view('w1', ['alive', 'suspect', 'dead']), view('w2', ['alive', 'alive', undefined])],
    [{ node: 'w3', why: 'no answer in time' }],
  )
  assert.equal(report.agreed, true)
  assert.deepEqual(states(report), ['w1 alive', 'w2 suspect', 'w3 dead'])
  assert.deepEqual(report.unseen, [{ node: 'w3', why: 'no answer in time' }])
})

test('report/members: a partition is shown as its groups, and each of the other side as disputed', () => {
  const report = membersReport(
    [
      view('w1', ['alive', 'alive', 'dead'], 'w1'),
      view('w2', ['alive', 'alive', 'dead'], 'w1'),
      view('w3', ['dead', 'dead', 'alive'], 'w3'),
    ],
    [],
  )
  assert.equal(report.agreed, false)
  assert.deepEqual(report.groups, [['w1', 'w2'], ['w3']])
  assert.deepEqual(states(report), ['w1 disputed', 'w2 disputed', 'w3 disputed'])
  assert.deepEqual(report.members[2]?.seen, { w1: 'dead', w2: 'dead', w3: 'alive' })
  assert.deepEqual(report.disputed, [{ ip: '10.0.0.9', owners: { w1: 'w1', w2: 'w1', w3: 'w3' } }])
})

test('report/members: a speaker without membership is no observer', () => {
  const report = membersReport([{ node: 'w1', owners: [], gossip: undefined }], [])
  assert.deepEqual(report.observers, [])
  assert.deepEqual(report.unseen, [
    {
      node: 'w1',
      why: 'it tells nothing of membership: it is off, or its thread does not answer',
    },
  ])
})
