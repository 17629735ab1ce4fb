/**
 * The dashboard's HTTP server. On loopback only: who reaches it was let in by kubectl port-forward. What a
 * browser brings from elsewhere, by a name that was made to point here, is turned away by its Host.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Asset } from './assets.ts'
import type { EventStream } from './stream.ts'

const ADDRESS = '127.0.0.1'
const HOSTS = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

export interface DoorParts {
  readonly port: number
  readonly assets: ReadonlyMap<string, Asset>
  readonly stream: EventStream
}

/** Resolves when it listens; rejects where the port cannot be had. */
export async function openDoor(parts: DoorParts): Promise<Server> {
  const server = createServer((request, response) => answer(parts, request, response))
  server.headersTimeout = 10_000
  server.maxConnections = 64
  server.listen(parts.port, ADDRESS)
  await once(server, 'listening')
  return server
}

function answer(
  { assets, stream }: DoorParts,
  { method = '', url = '/', headers }: IncomingMessage,
  response: ServerResponse,
): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
  if (!HOSTS.test(headers.host ?? '')) {
    return refuse(response, 421, 'ask for localhost or 127.0.0.1: kubectl port-forward')
  }
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'it can only be read')
  const path = url.split('?')[0] ?? ''
  if (path === '/events' && method === 'GET') {
    const last = headers['last-event-id']
    const opened = stream.open(response, Array.isArray(last) ? last[0] : last)
    if (!opened) refuse(response, 503, 'too many are looking already: close a page elsewhere')
    return
  }
  const asset = assets.get(path)
  if (!asset) return refuse(response, 404, 'not found')
  response.setHeader('etag', asset.etag)
  response.setHeader('cache-control', 'no-cache')
  if (headers['if-none-match'] === asset.etag) return void response.writeHead(304).end()
  response.writeHead(200, { 'content-type': asset.type, 'content-length': asset.body.length })
  response.end(method === 'HEAD' ? undefined : asset.body)
}

function refuse(response: ServerResponse, status: number, line: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${line}\n`)
}
