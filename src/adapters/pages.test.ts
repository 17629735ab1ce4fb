import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { healthPages } from './health.ts'
import { servePages } from './pages.ts'
import type { Pages } from './pages.ts'

async function withPages(
  pages: Pages,
  work: (get: (path: string, method?: string) => Promise<string>) => Promise<void>,
): Promise<void> {
  const server = await servePages({ address: '127.0.0.1', port: 0, pages })
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await work(async (path, method = 'GET') => {
      const response = await fetch(base + path, { method, headers: { connection: 'close' } })
      return `${response.status} ${(await response.text()).trim()}`
    })
  } finally {
    server.close()
  }
}

test('health: alive from the start, ready when nothing is missing, says what is missing', async () => {
  let missing = ['caches']
  await withPages(
    healthPages(() => missing),
    async (get) => {
      assert.equal(await get('/healthz'), '200 ok')
      assert.equal(await get('/readyz'), '503 caches')
      missing = []
      assert.equal(await get('/readyz?verbose'), '200 ok')
      assert.equal(await get('/other'), '404 not found')
    },
  )
})

test('pages: what is no GET is refused, what fails says why, the next request is served', async () => {
  const pages = { '/broken': () => Promise.reject(new Error('thread is gone')) }
  await withPages(pages, async (get) => {
    assert.equal(await get('/broken', 'POST'), '405 POST is not for /broken')
    assert.equal(await get('/broken'), '500 thread is gone')
    assert.equal(await get('/__proto__'), '404 not found')
  })
})
