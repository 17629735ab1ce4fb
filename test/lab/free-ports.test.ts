import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { freePorts } from './free-ports.ts'

test('lab/free-ports: each is another, none is one of those that the kernel chooses, and none is taken', async () => {
  const ports = await freePorts(20)
  assert.equal(new Set(ports).size, 20)
  assert.ok(ports.every((port) => port < 32_768))
  const [taken = 0] = ports
  const server = createServer().listen(taken, '127.0.0.1')
  await once(server, 'listening')
  try {
    // All there are: those of before come round again.
    assert.ok(!(await freePorts(31)).includes(taken))
  } finally {
    server.close()
  }
})
