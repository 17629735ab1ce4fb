/** docs/annotations.md has every key that the sources know, and no other. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ADDRESS_POOL,
  ALLOCATED_FROM_POOL,
  ALLOW_SHARED_IP,
  DEPRECATED_ALLOCATED_FROM_POOL,
  LOAD_BALANCER_IPS,
} from '../../src/core/config/annotations.ts'
import * as pool from '../../src/core/config/pool-annotations.ts'
import { ROOT, readPage } from './pages.ts'

/** Keys as they stand in the sources, whole. */
function inSources(): string[] {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'))
  const literal = /'((?:metallb\.io|node\.kubernetes\.io|bellwether\.io)\/[a-z-]+)'/g
  return files
    .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(literal)])
    .map(([, key = '']) => key)
    .filter((key) => !/\/v\d/.test(key))
}

test('docs/annotations: the tables have every annotation and label that the sources know', () => {
  const composed = [
    ...[ADDRESS_POOL, LOAD_BALANCER_IPS, ALLOW_SHARED_IP].map((name) => `metallb.io/${name}`),
    ...[ALLOCATED_FROM_POOL, DEPRECATED_ALLOCATED_FROM_POOL],
    ...Object.values(pool).filter((it) => typeof it === 'string'),
  ]
  const found = inSources()
  assert.ok(found.includes('metallb.io/node'))
  const rows = readPage('docs/annotations.md').matchAll(/^\| \w+ +\| .*?`([a-z.]+\/[\w-]+)`/gm)
  const listed = [...rows].map(([, key = '']) => key)
  assert.deepEqual([...new Set(listed)].sort(), [...new Set([...composed, ...found])].sort())
})
