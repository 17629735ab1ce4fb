/** A small HTTP server: pages by path, for GET and nothing else. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { once } from 'node:events'

export interface Page {
  readonly status: number
  /** Content type. */
  readonly type: string
  readonly body: string
}

/** By path, without query. */
export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>

export interface PagesOptions {
  /** '' for all addresses. */
  readonly address: string
  readonly port: number
  readonly pages: Pages
}

/** Resolves when it listens; rejects if the address cannot be bound. */
export async function servePages({ address, port, pages }: PagesOptions): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(pages, request.method, request.url).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body)
    })
  })
  server.listen(port, ...(address === '' ? [] : [address]))
  await once(server, 'listening')
  return server
}

async function answer(pages: Pages, method = 'GET', url = '/'): Promise<Page> {
  const plain = (status: number, body: string) => ({
    status,
    type: 'text/plain',
    body: `${body}\n`,
  })
  const path = url.split('?')[0] ?? ''
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (!page) return plain(404, 'not found')
  if (method !== 'GET' && method !== 'HEAD') return plain(405, `${method} is not for ${path}`)
  try {
    return await page()
  } catch (error) {
    return plain(500, error instanceof Error ? error.message : String(error))
  }
}
