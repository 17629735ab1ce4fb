import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProblemBook } from './problem-book.ts'
import type { Problem } from './problems.ts'

const lost = (...peers: string[]): Problem[] =>
  peers.map((about) => ({ reason: 'GossipUDPBlocked', about, detail: '' }))

/** What is told in the seconds in which these peers are lost, each with its second. */
function tell(at: (second: number) => Problem[], seconds: number): string[] {
  const book = new ProblemBook(7946)
  const told: string[] = []
  for (let second = 0; second <= seconds; second++) {
    for (const { type, reason, message } of book.update(at(second), second * 1000)) {
      const peers = /by UDP by (.*)\. Allow/.exec(message)?.[1] ?? ''
      told.push([second, type, reason.replace('GossipUDPBlocked', '…'), peers].join(' ').trim())
    }
  }
  return told
}

for (const [what, at, seconds, told] of [
  ['nothing', () => [], 100, []],
  ['what stands is told once', () => lost('w2'), 600, ['3 Warning … w2']],
  [
    'what shows for a moment is told, and that it is over',
    (s) => (s === 0 ? lost('w2') : []),
    30,
    ['3 Warning … w2', '10 Normal …Resolved'],
  ],
  [
    'what passes is over ten seconds later',
    (s) => (s < 20 ? lost('w2') : []),
    100,
    ['3 Warning … w2', '29 Normal …Resolved'],
  ],
  [
    'what comes and goes by the second is told once, and is over once',
    (s) => (s < 120 && s % 7 < 2 ? lost('w2') : []),
    200,
    ['3 Warning … w2', '129 Normal …Resolved'],
  ],
  [
    'several that fail one after another are told together',
    (s) => lost(...['w2', 'w3', 'w4'].slice(0, s + 1)),
    20,
    ['5 Warning … w2, w3, w4'],
  ],
  [
    'one more is told a minute after the first at the earliest',
    (s) => (s < 20 ? lost('w2') : lost('w2', 'w3')),
    200,
    ['3 Warning … w2', '63 Warning … w2, w3'],
  ],
  [
    'one less is told too',
    (s) => (s < 80 ? lost('w2', 'w3') : lost('w2')),
    200,
    ['3 Warning … w2, w3', '92 Warning … w2'],
  ],
  [
    'coming back after it was over it is told again',
    (s) => (s < 5 || s >= 50 ? lost('w2') : []),
    60,
    ['3 Warning … w2', '14 Normal …Resolved', '53 Warning … w2'],
  ],
] as const satisfies readonly [string, (second: number) => Problem[], number, string[]][]) {
  test(`diagnosis/book: ${what}`, () => assert.deepEqual(tell(at, seconds), told))
}

test('diagnosis/book: what stands is listed with its age and whom it is about', () => {
  const book = new ProblemBook(7946)
  book.update(lost('w3', 'w2'), 0)
  book.update(lost('w3', 'w2'), 5000)
  const [standing, ...others] = book.standing
  assert.deepEqual(others, [])
  assert.deepEqual(standing?.about, ['w2', 'w3'])
  assert.equal(standing?.sinceMs, 5000)
  assert.match(standing?.message ?? '', /w2, w3/)
  book.update([], 20_000)
  assert.deepEqual(book.standing, [])
})

test('diagnosis/book: how it shows may change by the second, what was told stays', () => {
  const book = new ProblemBook(7946)
  const told: string[] = []
  for (let second = 0; second < 300; second++) {
    const detail = second % 2 ? 'no answer' : 'connection refused'
    const problem: Problem = { reason: 'GossipPortBlocked', about: 'w2', detail }
    told.push(...book.update([problem], second * 1000).map(({ message }) => message))
  }
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /connection refused/)
})
