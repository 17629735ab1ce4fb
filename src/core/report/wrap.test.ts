import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PLAIN, paragraph, renderText, verdicts } from './text.ts'
import { wrap } from './wrap.ts'

test('wrap: nothing is lost, and only a word that is longer stands out', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ' '), maxLength: 60 })
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 30 }), (text, width) => {
      const lines = wrap(text, width)
      assert.equal(lines.join(' '), text)
      for (const line of lines) {
        assert.ok(line.length <= width || !line.trimStart().includes(' ') || width === 0, line)
      }
    }),
  )
})

test('wrap: prose keeps to the width of the terminal, each line in its column and its colour', () => {
  const text = [
    verdicts([
      {
        verdict: 'broken',
        subject: 'address',
        text: 'it has none at all yet',
        details: ['fix: give it one of yours'],
      },
    ]),
    paragraph({ role: 'bad', text: 'Fix: ' }, 'add addresses to the pool of that name'),
  ]
  const paint = (role: string, it: string) => (role === 'bad' ? `<${it}>` : it)
  assert.equal(
    renderText(text, paint, 39),
    [
      '<BROKEN>  address  it has none at all yet',
      '                 fix: give it one of',
      '                 yours',
      '',
      '<Fix: >add addresses to the pool of that',
      'name',
      '',
    ].join('\n'),
  )
  assert.equal(renderText(text, PLAIN).split('\n').length, 5)
})

test('wrap: where there is no room beside the subject, lines stay readable', () => {
  const line = {
    verdict: 'ok',
    subject: 'a'.repeat(40),
    text: 'one two three four five six',
  } as const
  const lines = renderText([verdicts([line])], PLAIN, 40)
    .trimEnd()
    .split('\n')
  assert.deepEqual(
    lines.slice(1).map((it) => it.trim()),
    ['five six'],
  )
})
