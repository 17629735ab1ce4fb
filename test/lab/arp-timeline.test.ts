import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arpFigures, onlyAnswerer, parseArpEvents, within } from './arp-timeline.ts'
import type { ArpEvent } from './arp-timeline.ts'

const A = '02:00:00:00:00:0a'
const B = '02:00:00:00:00:0b'

/** Requests every 2 ms from 0; each entry tells who answers that one, 1 ms after it was asked. */
const timeline = (answers: readonly (readonly string[])[]): ArpEvent[] =>
  answers.flatMap((macs, seq) => [
    { seq, atMs: seq * 2 },
    ...macs.map((mac) => ({ seq, atMs: seq * 2 + 1, mac })),
  ])

const cases: [
  what: string,
  events: ArpEvent[],
  expected: Partial<ReturnType<typeof arpFigures>>,
][] = [
  ['nothing happens', timeline([[A], [A], [A]]), { silentMs: 2, doubles: 0, takeoverMs: null }],
  ['the owner changes', timeline([[A], [], [], [B]]), { silentMs: 6, doubles: 0, takeoverMs: 5 }],
  [
    'both answer for a while',
    timeline([[A], [A, B], [B], [B, A], [B]]),
    { silentMs: 2, doubles: 2, doubleMs: 4, takeoverMs: 1 },
  ],
  ['one double lasts no time', timeline([[A, B], [B]]), { doubles: 1, doubleMs: 0 }],
  ['the same host twice is no double', timeline([[A, A]]), { doubles: 0 }],
  [
    'a late answer makes its own request a double',
    [...timeline([[A], [B], [B]]), { seq: 1, atMs: 900, mac: A }],
    { doubles: 1, doubleMs: 0, silentMs: 895 },
  ],
  ['nobody answers', timeline([[], []]), { silentMs: 0, doubles: 0, takeoverMs: null }],
]

for (const [what, events, expected] of cases) {
  test(`lab/arp-timeline: ${what}`, () => {
    assert.partialDeepStrictEqual(arpFigures(events, A, 2), expected)
  })
}

test('lab/arp-timeline: one answerer, or none that is alone', () => {
  assert.equal(onlyAnswerer(timeline([[A], [A], [A]])), A)
  assert.equal(onlyAnswerer(timeline([[A], [], [A]])), undefined)
  assert.equal(onlyAnswerer(timeline([[A], [B]])), undefined)
  assert.equal(onlyAnswerer(timeline([[]])), undefined)
})

test('lab/arp-timeline: a window has its beginning and not its end', () => {
  const events = timeline([[], [], []])
  assert.deepEqual(within(events, { fromMs: 2, toMs: 4 }), [{ seq: 1, atMs: 2 }])
})

test('lab/arp-timeline: half lines of a stopped watch are passed over', () => {
  assert.deepEqual(parseArpEvents('{"seq":1,"atMs":2}\n{"seq":1,"at'), [{ seq: 1, atMs: 2 }])
})
