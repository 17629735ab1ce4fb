import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { UplinkState } from '../announce/uplinks.ts'
import { isMarked, isSettled, markOf, spreads, uplinksOf } from './mark.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))

for (const [what, settled, uplinks, expected] of [
  ['a member that waits', false, {}, '627701 02'],
  ['a settled one', true, {}, '627701 03'],
  ['one without any interface', true, { '*': 'down' }, '627701 03 01 2a'],
  [
    'one with an interface that is down, and one that returns',
    true,
    { eth1: 'down', eth2: 'returning' },
    '627701 03 04 65746831 84 65746832',
  ],
] as const) {
  test(`gossip/mark: ${what}`, () => {
    const told = new Map(Object.entries(uplinks as Record<string, UplinkState>))
    const meta = markOf(settled, told)
    assert.deepEqual(meta, hex(expected))
    assert.deepEqual([isMarked(meta), isSettled(meta), spreads(meta)], [true, settled, true])
    assert.deepEqual(uplinksOf(meta), told)
  })
}

for (const [what, meta, expected] of [
  ["MetalLB's, which says nothing", '', [false, true, false]],
  ['one of before there was a spread', '627701 01', [true, true, false]],
  ['another program', '627702 03 01 2a', [false, true, false]],
] as const) {
  test(`gossip/mark: of ${what}`, () => {
    const bytes = hex(meta)
    assert.deepEqual([isMarked(bytes), isSettled(bytes), spreads(bytes)], expected)
    assert.deepEqual(uplinksOf(bytes), new Map())
  })
}

for (const [what, meta] of [
  ['cut short', '627701 03 01 2a 04 657468'],
  ['followed by what a later version appends', '627701 03 01 2a 00 0102'],
] as const) {
  test(`gossip/mark: interfaces ${what} count as far as they make sense`, () => {
    assert.deepEqual(uplinksOf(hex(meta)), new Map([['*', 'down']]))
  })
}

test('gossip/mark: it never is larger than memberlist allows; what is read of any bytes is sound', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9.@-]{1,15}$/), { maxLength: 80 })
  fc.assert(
    fc.property(names, fc.boolean(), (list, settled) => {
      const told = new Map(list.map((name, i) => [name, i % 2 ? 'down' : 'returning'] as const))
      const meta = markOf(settled, told)
      assert.ok(meta.length <= 512)
      const read = [...uplinksOf(meta)]
      assert.deepEqual(read, [...told].slice(0, read.length))
      assert.ok(read.length === told.size || meta.length > 512 - 16)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const name of uplinksOf(bytes).keys()) assert.ok(name.length > 0)
    }),
  )
})
