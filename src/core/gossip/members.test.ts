/** Who may come back at another address (hashicorp/memberlist state.go, aliveNode). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import { VSN } from '../wire/memberlist/version.ts'
import { Members } from './members.ts'

const alive = (incarnation: number, host: number, port = 7946) => ({
  kind: 'alive' as const,
  node: 'w1',
  addr: Uint8Array.of(10, 0, 0, host),
  port,
  incarnation,
  meta: EMPTY,
  vsn: VSN,
})
const dead = (members: Members, from: string) =>
  members.dead({ kind: 'dead', node: 'w1', from, incarnation: 5 }, 1000, false)
const suspect = (members: Members) =>
  members.suspect({ kind: 'suspect', node: 'w1', from: 'x', incarnation: 5 }, 1000)

const DEAD_AT = 1000
for (const [what, reclaimMs, before, at, verdict] of [
  ['alive: a conflict', 0, () => undefined, DEAD_AT + 99_999, 'conflict'],
  ['alive: a conflict, whatever the time', 100, () => undefined, DEAD_AT + 99_999, 'conflict'],
  ['suspect: a conflict', 100, suspect, DEAD_AT + 99_999, 'conflict'],
  [
    'dead: a conflict where nothing is reclaimed',
    0,
    (m: Members) => dead(m, 'x'),
    999_999,
    'conflict',
  ],
  [
    'dead for exactly the time: a conflict',
    100,
    (m: Members) => dead(m, 'x'),
    DEAD_AT + 100,
    'conflict',
  ],
  ['dead for longer: it moves', 100, (m: Members) => dead(m, 'x'), DEAD_AT + 101, 'alive'],
  ['left: it moves at once', 0, (m: Members) => dead(m, 'w1'), DEAD_AT, 'alive'],
] as const) {
  test(`gossip/members: another address of one that is ${what}`, () => {
    const members = new Members('self', reclaimMs)
    members.alive(alive(5, 1), 0, false)
    before(members)
    // Who moves need not be newer: it may have forgotten its incarnation.
    assert.equal(members.alive(alive(1, 2), at, false).kind, verdict)
    const member = members.get('w1')
    assert.deepEqual(member?.addr[3], verdict === 'alive' ? 2 : 1)
    assert.equal(member.incarnation, verdict === 'alive' ? 1 : 5)
  })
}

test('gossip/members: another port is another address', () => {
  const members = new Members('self', 100)
  members.alive(alive(5, 1), 0, false)
  assert.equal(members.alive(alive(6, 1, 7000), 0, false).kind, 'conflict')
})

test('gossip/members: one that is dead must be newer to come back at its own address', () => {
  const members = new Members('self', 100)
  members.alive(alive(5, 1), 0, false)
  dead(members, 'x')
  assert.equal(members.alive(alive(5, 1), 999_999, false).kind, 'ignore')
  assert.equal(members.alive(alive(6, 1), 999_999, false).kind, 'alive')
})
