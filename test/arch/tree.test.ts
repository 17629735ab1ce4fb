/** What must not be in a tracked file: names of registries, paths of one machine. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
// Put together here, or this file would name what it forbids.
const FORBIDDEN = [
  ['registry', 'npmjs', 'org'],
  ['proxy', 'golang', 'org'],
  ['deb', 'debian', 'org'],
].map((parts) => parts.join('.'))

test('arch/tree: no tracked file names a package registry or a path of this machine', () => {
  const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n')
  assert.ok(files.length > 100)
  const found = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    return [...FORBIDDEN, ROOT]
      .filter((word) => text.includes(word))
      .map((word) => `${file}: ${word}`)
  })
  assert.deepEqual(found, [])
})
