import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Holding } from './handover.ts'
import { TAKEOVER_CAUSES, Takeovers, readTakeover, takeoverWords } from './takeover.ts'
import type { Former, Takeover } from './takeover.ts'

const IP = '10.0.0.1'

function setUp(former: Former = { kind: 'unknown' }) {
  const takeovers = new Takeovers('me', () => former)
  const note = (owner: string | undefined, holding: Holding, now: number, giver?: string) =>
    takeovers.note(
      new Map([[IP, owner]]),
      { holding: () => holding, giver: () => giver },
      now,
      1_000_000 + now,
    )
  return { takeovers, note }
}

const SINCE = 1_000_500

for (const [what, former, giver, expected] of [
  [
    'a death lasts from the last word to the announcement',
    { kind: 'dead', lost: 'nodeGone', heardAt: 100 },
    undefined,
    { cause: 'nodeGone', from: 'w1', outageMs: 410 },
  ],
  [
    'a death that others told of',
    { kind: 'dead', lost: undefined, heardAt: 400 },
    undefined,
    { cause: 'dead', from: 'w1', outageMs: 110 },
  ],
  [
    'who is dead and was never heard has no outage that is known',
    { kind: 'dead', lost: 'speakerGone' },
    undefined,
    { cause: 'speakerGone', from: 'w1' },
  ],
  [
    'given by one that lives',
    { kind: 'lives' },
    'w1',
    { cause: 'handover', from: 'w1', outageMs: 0 },
  ],
  ['not given by one that lives', { kind: 'lives' }, undefined, { cause: 'unknown', from: 'w1' }],
  [
    'one of ours that leaves answers until then',
    { kind: 'left', answers: true },
    'w1',
    { cause: 'left', from: 'w1', outageMs: 0 },
  ],
  [
    'a MetalLB that leaves does not',
    { kind: 'left', answers: false, heardAt: 500 },
    undefined,
    { cause: 'left', from: 'w1', outageMs: 10 },
  ],
  [
    'whose interface is down has not answered since that was known, though it gives',
    { kind: 'down' },
    'w1',
    { cause: 'uplink', from: 'w1', outageMs: 10 },
  ],
] as const) {
  test(`election/takeover: ${what}`, () => {
    const { takeovers, note } = setUp(former)
    note('w1', 'none', 0)
    assert.equal(takeovers.of(IP), undefined)
    note('me', 'mine', 500, giver)
    takeovers.announced([IP], 510)
    const { since, ...taken } = takeovers.of(IP) ?? {}
    assert.deepEqual([taken, since], [expected, SINCE])
    takeovers.announced([IP], 9999)
    assert.deepEqual(takeovers.of(IP), { ...expected, since: SINCE }, 'announced anew')
    assert.equal(takeovers.drain().length, 1)
    assert.equal(takeovers.drain().length, 0, 'each is told once')
  })
}

test('election/takeover: it is not over before the announcement, where an outage is measured', () => {
  const { takeovers, note } = setUp({ kind: 'dead', lost: 'speakerGone', heardAt: 0 })
  note('w1', 'none', 0)
  note('me', 'mine', 500)
  assert.deepEqual([takeovers.of(IP), takeovers.drain()], [undefined, []])
})

test('election/takeover: an address that nobody had has no owner before', () => {
  const { takeovers, note } = setUp()
  note('me', 'mine', 500)
  assert.deepEqual(takeovers.of(IP), { cause: 'first', since: SINCE })
})

test('election/takeover: what is asked for is judged when it comes', () => {
  const { takeovers, note } = setUp({ kind: 'lives' })
  note('w1', 'none', 0)
  note('me', 'wanting', 400)
  assert.equal(takeovers.of(IP), undefined)
  note('me', 'mine', 500, 'w1')
  assert.equal(takeovers.of(IP)?.cause, 'handover')
  assert.equal(takeovers.ageMs(IP, 700), 300)
})

test('election/takeover: one that never fell silent has not taken it anew', () => {
  const { takeovers, note } = setUp({ kind: 'lives' })
  note('me', 'mine', 500)
  note('w1', 'lame', 600)
  note('me', 'mine', 700)
  assert.deepEqual(takeovers.of(IP), { cause: 'first', since: SINCE })
  note('w1', 'none', 800)
  assert.equal(takeovers.of(IP), undefined)
})

test('election/takeover: taken again of one that nobody knows: its cause is not that of long ago', () => {
  const { takeovers, note } = setUp({ kind: 'dead', lost: 'nodeGone', heardAt: 0 })
  note('w1', 'none', 0)
  note('me', 'mine', 100)
  note('me', 'yielded', 200)
  note('me', 'mine', 500)
  assert.deepEqual(takeovers.of(IP), { cause: 'unknown', since: SINCE })
})

for (const [takeover, words] of [
  [{ cause: 'first' }, 'nobody had it'],
  [{ cause: 'handover', from: 'w1', outageMs: 0 }, 'handed over by w1'],
  [
    { cause: 'nodeGone', from: 'w1', outageMs: 730 },
    'taken from w1 (the node or its cable is gone), 730 ms without an answer at most',
  ],
  [{ cause: 'left', from: 'w1', outageMs: 0 }, 'taken from w1 (its speaker stopped)'],
] as const satisfies readonly (readonly [Takeover, string])[]) {
  test(`election/takeover: in words: ${words}`, () => {
    assert.equal(takeoverWords(takeover), words)
  })
}

test('takeover: what is said of it can be read again, but for an outage of 0', () => {
  for (const cause of TAKEOVER_CAUSES) {
    const from = cause === 'first' ? {} : { from: 'w1.example' }
    const dark = cause === 'first' || cause === 'handover' ? {} : { outageMs: 130 }
    for (const told of [
      { cause, ...from },
      { cause, ...from, ...dark },
    ]) {
      assert.deepEqual(readTakeover(takeoverWords(told)), told)
    }
  }
  assert.equal(readTakeover('a cause of another version'), undefined)
})
