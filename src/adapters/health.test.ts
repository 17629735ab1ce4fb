import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { serveHealth } from './health.ts'

test('health: alive from the start, ready when nothing is missing, says what is missing', async () => {
  let missing = ['caches']
  const server = await serveHealth({ address: '127.0.0.1', port: 0, notReady: () => missing })
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const get = async (path: string) => {
      const response = await fetch(base + path, { headers: { connection: 'close' } })
      return `${response.status} ${(await response.text()).trim()}`
    }
    assert.equal(await get('/healthz'), '200 ok')
    assert.equal(await get('/readyz'), '503 caches')
    missing = []
    assert.equal(await get('/readyz?verbose'), '200 ok')
    assert.equal(await get('/other'), '404 not found')
  } finally {
    server.close()
  }
})
