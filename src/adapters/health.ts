/** The health port: `/healthz` says the process runs, `/readyz` what keeps it from being ready. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { once } from 'node:events'

export interface HealthOptions {
  /** '' for all addresses. */
  readonly address: string
  readonly port: number
  /** One line for each thing that is missing; empty: ready. */
  notReady(): readonly string[]
}

export async function serveHealth(options: HealthOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    const missing = path === '/readyz' ? options.notReady() : []
    const status = path !== '/healthz' && path !== '/readyz' ? 404 : missing.length > 0 ? 503 : 200
    const text = { 200: 'ok', 404: 'not found', 503: missing.join('\n') }[status]
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`)
  })
  server.listen(options.port, ...(options.address === '' ? [] : [options.address]))
  await once(server, 'listening')
  return server
}
