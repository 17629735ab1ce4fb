import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import type { Verdict } from '../core/election/candidacy.ts'
import { Refusals } from './refusals.ts'

const SERVICE = 'default/nginx'
const NO_ENDPOINTS: Verdict = { candidacies: [], seats: ['w1'], refusal: 'noEndpoints' }
const unfit = (unfit: Verdict['unfit'] = {}): Verdict => ({
  candidacies: [],
  seats: ['w1'],
  refusal: 'noEligibleNode',
  unfit,
})

function setUp(self = 'w1', ...members: string[]) {
  const clock = new FakeClock()
  const told: string[] = []
  const refusals = new Refusals({
    self,
    clock,
    record: (service, type, reason, message) => {
      told.push(`${service} ${type} ${reason}: ${message}`)
    },
  })
  if (members.length > 0) refusals.setMembers(members)
  const stand = (verdict: Verdict | undefined, ms = 5000) => {
    refusals.setVerdicts(new Map(verdict ? [[SERVICE, verdict]] : []))
    return clock.advance(ms)
  }
  return { refusals, clock, told, stand }
}

test('speaker/refusals: it is told when it has stood for a while, once', async () => {
  const { told, stand } = setUp()
  await stand(NO_ENDPOINTS, 4999)
  assert.deepEqual(told, [])
  await stand(NO_ENDPOINTS, 1)
  await stand(NO_ENDPOINTS, 60_000)
  assert.deepEqual(told, [
    'default/nginx Warning notAnnounced: not announced (noEndpoints): it has no endpoint that is ready or serving',
  ])
})

test('speaker/refusals: what passes is not told, what comes again is', async () => {
  const { told, stand } = setUp()
  await stand(NO_ENDPOINTS, 3000)
  await stand(undefined, 3000)
  assert.deepEqual(told, [])
  await stand(NO_ENDPOINTS)
  await stand(undefined)
  await stand(NO_ENDPOINTS)
  assert.equal(told.length, 2)
})

test('speaker/refusals: nodes are named by what keeps them; others for the same reason are no news', async () => {
  const { told, stand } = setUp()
  await stand(
    unfit({ w1: 'noLocalEndpoints', w2: 'nodeLabeledExcludeBalancers', w3: 'noLocalEndpoints' }),
  )
  await stand(unfit({ w1: 'nodeLabeledExcludeBalancers', w2: 'noLocalEndpoints' }))
  assert.deepEqual(told, [
    'default/nginx Warning notAnnounced: not announced (noEligibleNode): no node may announce it: ' +
      'noLocalEndpoints (w1, w3), nodeLabeledExcludeBalancers (w2)',
  ])
  await stand(unfit({ w1: 'nodeNetworkUnavailable' }))
  assert.equal(told.length, 2)
})

test('speaker/refusals: of many nodes some are named', async () => {
  const { told, stand } = setUp()
  const nodes = Array.from({ length: 8 }, (_, i) => [`w${i}`, 'noLocalEndpoints'] as const)
  await stand(unfit(Object.fromEntries(nodes)))
  assert.match(told[0] ?? '', /noLocalEndpoints \(w0, w1, w2, w3, w4, 3 more\)$/)
})

test('speaker/refusals: of several speakers one tells', async () => {
  const members = ['w1', 'w2', 'w3']
  const each = members.map((self) => setUp(self, ...members))
  for (const { stand } of each) await stand(NO_ENDPOINTS)
  assert.equal(each.flatMap(({ told }) => told).length, 1)
})

test('speaker/refusals: of one that has no address yet the controller tells', async () => {
  const { told, stand } = setUp()
  await stand({ candidacies: [], seats: [], refusal: 'noAddress' })
  assert.deepEqual(told, [])
})

test('speaker/refusals: one whose candidates are all gone is told of, with what became of them', async () => {
  const { refusals, clock, told } = setUp()
  const owned = (owner: string | undefined, why: string) =>
    refusals.setOwners([{ service: SERVICE, ip: '10.0.0.1', owner, why, holding: 'none' }])
  owned(undefined, 'no candidate is alive: w2 (no speaker there)')
  assert.equal(refusals.current.get(SERVICE)?.reason, 'noCandidateAlive')
  await clock.advance(5000)
  owned(undefined, 'no candidate is alive: w2 (dead)')
  await clock.advance(5000)
  assert.deepEqual(told, [
    'default/nginx Warning notAnnounced: not announced (noCandidateAlive): no candidate is alive: w2 (no speaker there)',
  ])
  owned('w2', 'the only candidate')
  assert.equal(refusals.current.size, 0)
})
