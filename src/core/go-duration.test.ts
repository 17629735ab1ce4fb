import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGoDuration } from './go-duration.ts'

for (const [text, ms] of [
  ['1s', 1000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1h15m30.918s', 4_530_918],
  ['.5s', 500],
  ['1.s', 1000],
  ['-1.5h', -5_400_000],
  ['+5s', 5000],
  ['0', 0],
  ['0s', 0],
  ['1500us', 1.5],
  ['1500µs', 1.5],
  ['1000000ns', 1],
  ['', undefined],
  ['5', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['1 s', undefined],
  ['1s ', undefined],
  ['1d', undefined],
  ['1S', undefined],
  ['--1s', undefined],
  ['1e3s', undefined],
] as const) {
  test(`core/go-duration: ${JSON.stringify(text)} is ${ms === undefined ? 'none' : `${ms} ms`}`, () => {
    assert.equal(parseGoDuration(text), ms)
  })
}
