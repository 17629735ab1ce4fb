import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { Announcer } from './announcer.ts'
import type { Candidacy } from './messages.ts'
import type { Announced } from './status-plan.ts'

const candidacy = (interfaces: readonly string[] | 'all', ip = '10.0.0.1'): Candidacy => ({
  service: 'default/nginx',
  ip,
  order: ['w1', 'w2'],
  interfaces,
})

function setUp() {
  const clock = new FakeClock()
  const told: string[] = []
  const published: Announced[][] = []
  const announcer = new Announcer(
    'w1',
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
    'default/nginx Normal nodeAssigned: announcing from node "w1" with protocol "layer2": first of 2 candidates',
  ])
  assert.deepEqual(last(), [{ service: 'default/nginx', interfaces: [] }])
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
  assert.deepEqual(last(), [{ service: 'default/nginx', interfaces: ['eth1'] }])
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
