/** Moments as text and as numbers, held against JavaScript's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ageText } from './duration.ts'
import { formatTime, parseTime } from './time.ts'

test('times are read and written as Date does', () => {
  const moments = fc.integer({ min: 0, max: Date.UTC(2199, 11, 31) })
  fc.assert(
    fc.property(moments, (ms) => {
      const text = new Date(ms).toISOString()
      assert.equal(parseTime(text), ms)
      assert.equal(formatTime(ms), text.replace(/\.\d+Z$/, 'Z'))
      assert.equal(parseTime(formatTime(ms)), Math.floor(ms / 1000) * 1000)
    }),
  )
})

test('the microseconds of events are read, and what is no time is none', () => {
  assert.equal(parseTime('1970-01-01T00:00:01.234567Z'), 1234)
  for (const text of ['', 'never', '2026-01-02', undefined])
    assert.equal(parseTime(text), undefined)
})

test('ages have the two largest units', () => {
  assert.equal(ageText(0), '0s')
  assert.equal(ageText(-5000), '0s')
  assert.equal(ageText(65_000), '1m5s')
  assert.equal(ageText(3_600_000), '1h')
  assert.equal(ageText(3_605_000), '1h')
  assert.equal(ageText(90_061_000), '1d1h')
})
