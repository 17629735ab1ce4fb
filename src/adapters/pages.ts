/** A small HTTP or HTTPS server: pages by path, for GET and nothing else. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Server as SecureServer, ServerOptions } from 'node:https'

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
  /** HTTPS with this certificate; its context may be replaced while it serves. */
  readonly tls?: ServerOptions
  /** Answers instead of a page where it may not be seen. */
  readonly guard?: (request: PageRequest) => Promise<Page | undefined>
}

export interface PageRequest {
  readonly path: string
  /** The header. */
  readonly authorization: string | undefined
}

/** Resolves when it listens; rejects if the address cannot be bound. */
export async function servePages(
  options: PagesOptions & { tls: ServerOptions },
): Promise<SecureServer>
export async function servePages(options: PagesOptions): Promise<Server>
export async function servePages(options: PagesOptions): Promise<Server | SecureServer> {
  const { address, port, tls } = options
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    void answer(options, request).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body)
    })
  }
  const server = tls ? createSecureServer(tls, serve) : createServer(serve)
  server.listen(port, ...(address === '' ? [] : [address]))
  await once(server, 'listening')
  return server
}

/** A page that is one line of text. */
export const textPage = (status: number, line: string): Page => ({
  status,
  type: 'text/plain',
  body: `${line}\n`,
})

async function answer({ pages, guard }: PagesOptions, request: IncomingMessage): Promise<Page> {
  const { method = 'GET', url = '/', headers } = request
  const path = url.split('?')[0] ?? ''
  try {
    // Before anything else: a stranger learns not even what is there.
    const refusal = await guard?.({ path, authorization: headers.authorization })
    if (refusal) return refusal
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (!page) return textPage(404, 'not found')
    if (method !== 'GET' && method !== 'HEAD') return textPage(405, `${method} is not for ${path}`)
    return await page()
  } catch (error) {
    return textPage(500, error instanceof Error ? error.message : String(error))
  }
}
