import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Electors } from './electorate.ts'
import { markOf } from './mark.ts'
import type { Member } from './members.ts'

const member = (name: string, meta: Uint8Array): Member => ({
  name,
  addr: Uint8Array.of(10, 0, 0, 1),
  port: 7946,
  meta,
  vsn: new Uint8Array(),
  incarnation: 1,
  state: 'alive',
  changedAt: 0,
})
const settled = (name: string) => member(name, markOf(true))
const waiting = (name: string) => member(name, markOf(false))

const names = (electors: Electors, members: readonly Member[], now: number) => {
  const { settled } = electors.electorate(members, now)
  return settled && [...settled].sort()
}

test('gossip/electorate: who is settled when first met counts at once', () => {
  assert.deepEqual(names(new Electors(), [settled('a'), waiting('b')], 0), ['a'])
})

test('gossip/electorate: those that settle together count together', () => {
  const electors = new Electors()
  assert.deepEqual(names(electors, [waiting('a'), waiting('b')], 0), [])
  assert.deepEqual(names(electors, [settled('a'), waiting('b')], 1), [])
  assert.deepEqual(names(electors, [settled('a'), settled('b')], 4), [])
  const at = electors.nextDeadline ?? 0
  assert.ok(at > 4 && at < 1000, `${at}`)
  assert.deepEqual(names(electors, [settled('a'), settled('b')], at), ['a', 'b'])
  assert.equal(electors.nextDeadline, undefined)
})

test('gossip/electorate: who is not settled any more does not count at once', () => {
  const electors = new Electors()
  assert.deepEqual(names(electors, [settled('a'), settled('b')], 0), ['a', 'b'])
  assert.deepEqual(names(electors, [settled('a'), waiting('b')], 1), ['a'])
})

test("gossip/electorate: beside a member that is not ours MetalLB's rule holds", () => {
  const stranger = member('m', new Uint8Array())
  assert.equal(names(new Electors(), [settled('a'), stranger], 0), undefined)
})
