import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drift } from '../../tools/generate.ts'

test('arch: crds/ and manifests/ are what the sources make (else: make crds)', () => {
  assert.deepEqual(drift(), [])
})
