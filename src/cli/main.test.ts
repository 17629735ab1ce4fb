import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

test('cli/main: who has read enough is no error', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'])
  child.stdout.destroy()
  const [err] = await Promise.all([text(child.stderr), once(child, 'close')])
  assert.deepEqual([err, child.exitCode], ['', 0])
})
