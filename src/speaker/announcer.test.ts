import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { Announcer } from './announcer.ts'
import type { Candidacy, ConflictPolicy } from './messages.ts'
import type { Announced } from './status-plan.ts'

const candidacy = (interfaces: readonly string[] | 'all', ip = '10.0.0.1'): Candidacy => ({
  service: 'default/nginx',
  ip,
  order: ['w1', 'w2'],
  interfaces,
})

const TAKEN = { cause: 'nodeGone', from: 'w3', outageMs: 730, since: 0 } as const
const WHY = 'first of 2 candidates'

function setUp(policy: ConflictPolicy = 'tell') {
  const clock = new FakeClock()
  const told: string[] = []
  const published: Announced[][] = []
  const announcer = new Announcer(
    'w1',
    policy,
    clock,
    (service, type, reason, message) => told.push(`${service} ${type} ${reason}: ${message}`),
    (announced) => published.push([...announced.values()]),
  )
  const own = (owner: string | undefined) =>
    announcer.setOwners([
      {
        service: 'default/nginx',
        ip: '10.0.0.1',
        owner,
        why: 'first of 2 candidates',
        holding: 'none',
        taken: TAKEN,
      },
    ])
  return { announcer, clock, told, last: () => published.at(-1), own }
}

test('speaker/announcer: a take-over is told once, however often the owners are heard', () => {
  const { announcer, told, own, last } = setUp()
  announcer.setInterfaces(['eth0'])
  announcer.setCandidacies([candidacy('all'), candidacy('all', 'fd00::1')])
  own('w1')
  own('w1')
  announcer.setInterfaces(['eth0', 'eth1'])
  assert.deepEqual(told, [
    'default/nginx Normal nodeAssigned: announcing from node "w1" with protocol "layer2": first of 2 candidates; taken from w3 (the node or its cable is gone), 730 ms without an answer at most',
  ])
  assert.deepEqual(last(), [{ service: 'default/nginx', interfaces: [], why: WHY, taken: TAKEN }])
})

test('speaker/announcer: coming back after another owner is a take-over again', () => {
  const { announcer, told, own, last } = setUp()
  announcer.setInterfaces(['eth0'])
  announcer.setCandidacies([candidacy('all')])
  own('w1')
  own('w2')
  assert.deepEqual(last(), [])
  own('w1')
  assert.equal(told.length, 2)
})

test('speaker/announcer: nothing is told before the interfaces are known', () => {
  const { announcer, told, own } = setUp()
  announcer.setCandidacies([candidacy(['eth0'])])
  own('w1')
  assert.deepEqual(told, [])
  announcer.setInterfaces(['eth0'])
  assert.equal(told.length, 1)
})

test('speaker/announcer: the status names those of the listed interfaces that are there', () => {
  const { announcer, own, last } = setUp()
  announcer.setInterfaces(['eth0', 'eth1'])
  announcer.setCandidacies([candidacy(['eth1', 'eth9'])])
  own('w1')
  assert.deepEqual(last(), [
    { service: 'default/nginx', interfaces: ['eth1'], why: WHY, taken: TAKEN },
  ])
})

test('speaker/announcer: no listed interface is there: told once, with what there is', async () => {
  const { announcer, clock, told, own, last } = setUp()
  announcer.setInterfaces(['eth0'])
  announcer.setCandidacies([candidacy(['eth9'])])
  own('w1')
  own('w1')
  assert.deepEqual(last(), [])
  await clock.advance(60_000)
  own('w1')
  await clock.advance(60_000)
  assert.equal(told.length, 1)
  assert.match(
    told[0] ?? '',
    /Warning announceFailed: .*wanted one of \[eth9\], usable are \[eth0\]/,
  )
})

test('speaker/announcer: what moves with an interface that goes is no failure', async () => {
  const { announcer, clock, told, own, last } = setUp()
  announcer.setInterfaces(['eth0', 'eth1'])
  announcer.setCandidacies([candidacy(['eth1'])])
  own('w1')
  announcer.setInterfaces(['eth0'])
  assert.deepEqual(last(), [])
  own('w2')
  await clock.advance(60_000)
  assert.equal(told.length, 1, 'the assignment')
})

test('speaker/announcer: without any interface nothing is announced, and that is told', async () => {
  const { announcer, clock, told, own, last } = setUp()
  announcer.setInterfaces([])
  announcer.setCandidacies([candidacy('all')])
  own('w1')
  await clock.advance(1000)
  assert.deepEqual(last(), [])
  assert.match(told[0] ?? '', /Warning announceFailed: .*wanted any, usable are \[\]/)
})

const rival = {
  ip: '10.0.0.1',
  mac: '02:00:00:00:00:99',
  interface: 'eth0',
  kind: 'stranger',
  speaker: undefined,
} as const

for (const [policy, does] of [
  ['tell', /goes on announcing it/],
  ['defend', /announces it again/],
  ['yield', /leaves it to that host/],
] as const) {
  test(`speaker/announcer: a stranger is told of on the Service, with its MAC and what is done: ${policy}`, () => {
    const { announcer, told, own } = setUp(policy)
    own('w1')
    announcer.tellRivals({ alarms: [rival, { ...rival, ip: '10.0.0.2' }], gone: [] })
    const [warning, ...others] = told
    assert.match(
      warning ?? '',
      /^default\/nginx Warning AddressConflict: 10\.0\.0\.1 .*02:00:00:00:00:99/,
    )
    assert.match(warning ?? '', does)
    assert.deepEqual(others, [])
  })
}

test('speaker/announcer: that a stranger is gone is told, of a speaker only that it was there', () => {
  const { announcer, told, own } = setUp()
  own('w1')
  const speaker = { ...rival, kind: 'speaker', speaker: '10.0.0.7' } as const
  announcer.tellRivals({ alarms: [speaker], gone: [rival, speaker] })
  const reasons = told.map((text) => text.split(':')[0])
  assert.deepEqual(reasons, [
    'default/nginx Warning AnnouncedTwice',
    'default/nginx Normal AddressConflictResolved',
  ])
  assert.match(told[0] ?? '', /10\.0\.0\.7/)
})

test('speaker/announcer: rivals of what another node owns are not its to tell of', () => {
  const { announcer, told, own } = setUp()
  own('w2')
  announcer.tellRivals({ alarms: [rival], gone: [rival] })
  assert.deepEqual(told, [])
})

test('speaker/announcer: while another uses an address the status has a condition, with its MAC', () => {
  const { announcer, own, last } = setUp()
  announcer.setInterfaces(['eth0'])
  announcer.setCandidacies([candidacy('all')])
  own('w1')
  announcer.setConflicts([rival, { ...rival, ip: '10.0.0.2', mac: '02:00:00:00:00:98' }])
  const { conflict } = last()?.[0] ?? {}
  assert.equal(conflict?.reason, 'Stranger')
  assert.match(conflict.message, /^10\.0\.0\.1 .*02:00:00:00:00:99[^\n]*$/)
  announcer.setConflicts([{ ...rival, kind: 'speaker', speaker: '10.0.0.7' }])
  assert.equal(last()?.[0]?.conflict?.reason, 'AnnouncedTwice')
  announcer.setConflicts([])
  assert.deepEqual(last(), [{ service: 'default/nginx', interfaces: [], why: WHY, taken: TAKEN }])
})

test('speaker/announcer: what is left to a stranger is not announced from here, until it is gone', async () => {
  const { announcer, clock, told, own, last } = setUp('yield')
  announcer.setInterfaces(['eth0'])
  announcer.setCandidacies([candidacy('all')])
  own('w1')
  announcer.setConflicts([rival])
  assert.deepEqual([last(), announcer.announced], [[], []])
  own('w1')
  await clock.advance(60_000)
  assert.deepEqual([last(), told.length], [[], 1], 'the assignment')
  announcer.setConflicts([])
  assert.deepEqual(announcer.announced, [{ service: 'default/nginx', ip: '10.0.0.1' }])
  assert.equal(told.length, 2, 'assigned again')
})

test('speaker/announcer: of two addresses the one that is not left to a stranger is announced', () => {
  const { announcer, told, last } = setUp('yield')
  announcer.setInterfaces(['eth0'])
  announcer.setCandidacies([candidacy('all'), candidacy('all', 'fd00::1')])
  const one = { service: 'default/nginx', owner: 'w1', holding: 'none' } as const
  announcer.setOwners([
    { ...one, ip: '10.0.0.1', why: 'left to the stranger' },
    { ...one, ip: 'fd00::1', why: WHY, taken: TAKEN },
  ])
  announcer.setConflicts([rival])
  const [announced, ...others] = last() ?? []
  assert.deepEqual([announced?.why, announced?.conflict?.reason, others], [WHY, 'Stranger', []])
  assert.deepEqual(announcer.announced, [{ service: 'default/nginx', ip: 'fd00::1' }])
  assert.equal(told.length, 1)
})
