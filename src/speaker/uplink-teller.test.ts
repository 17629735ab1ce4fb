import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import type { Candidacy } from './messages.ts'
import { UplinkTeller } from './uplink-teller.ts'

const listing = (...interfaces: string[]): Candidacy => ({
  service: 'default/nginx',
  ip: '10.0.0.1',
  order: ['w1'],
  interfaces,
})

function setUp() {
  const clock = new FakeClock()
  const told: Record<string, string>[] = []
  const tell = (uplinks: ReadonlyMap<string, string>) => {
    told.push(Object.fromEntries(uplinks))
  }
  const teller = new UplinkTeller({ clock, returnDelayMs: 30_000, tell })
  return { clock, told, teller }
}

test('speaker/uplink-teller: what is told is told when it changes, and a return when it has lasted', async () => {
  const { clock, told, teller } = setUp()
  teller.setCandidacies([listing('eth1')])
  assert.deepEqual(told, [], 'interfaces are not known yet')
  teller.setInterfaces(['eth0', 'eth1'])
  assert.deepEqual(told, [], 'all is well')
  teller.setInterfaces(['eth0'])
  teller.setCandidacies([listing('eth1'), listing('eth1')])
  teller.setInterfaces(['eth0', 'eth1'])
  await clock.advance(29_999)
  assert.deepEqual(told, [{ eth1: 'down' }, { eth1: 'returning' }])
  await clock.advance(1)
  assert.deepEqual(told.at(-1), {})
})

test('speaker/uplink-teller: one that is closed tells nothing any more', async () => {
  const { clock, told, teller } = setUp()
  teller.setInterfaces([])
  teller.setInterfaces(['eth0'])
  teller.close()
  teller.setCandidacies([listing('eth9')])
  await clock.advance(60_000)
  assert.deepEqual(told, [{ '*': 'down' }, { '*': 'returning' }])
})
