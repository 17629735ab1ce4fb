/**
 * Stands between a client and the API server, and can behave like a network or an API server that is ill.
 * It ends TLS on both sides, so that it can answer itself.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { KubeConfig } from '@kubernetes/client-node'
import type { ApiServer } from './api-server.ts'

export type Fault =
  /** Passes everything on. */
  | { readonly kind: 'none' }
  /** TCP lives, but nothing comes and nothing goes: of new connections, and of those that are there. */
  | { readonly kind: 'swallow' }
  /** An answer of its own to every request that `to` matches. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly to?: (request: IncomingMessage) => boolean
    }
  /** Answers late. */
  | { readonly kind: 'slow'; readonly ms: number }

export const isWatch = ({ url = '' }: IncomingMessage): boolean => url.includes('watch=true')

export class FaultyProxy {
  fault: Fault = { kind: 'none' }
  /** Requests that came, `GET /path`. */
  readonly requests: string[] = []
  readonly kubeconfig: KubeConfig
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Duplex>()

  private constructor(server: ReturnType<typeof createServer>, kubeconfig: KubeConfig) {
    this.#server = server
    this.kubeconfig = kubeconfig
  }

  static async before(api: ApiServer): Promise<FaultyProxy> {
    const config = new KubeConfig()
    config.loadFromFile(api.kubeconfig)
    const [cluster] = config.clusters
    const [user] = config.users
    if (!cluster || !user) throw new Error('a kubeconfig without cluster or user')
    const decode = (data = '') => Buffer.from(data, 'base64')
    const upstream = {
      target: new URL(cluster.server),
      ca: decode(cluster.caData),
      cert: decode(user.certData),
      key: decode(user.keyData),
    }
    const server = createServer({
      cert: readFileSync(api.certificate),
      key: readFileSync(api.certificateKey),
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const proxied = new KubeConfig()
    proxied.loadFromOptions({
      users: config.users,
      contexts: config.contexts,
      clusters: [{ ...cluster, server: `https://127.0.0.1:${port}` }],
      currentContext: config.currentContext,
    })
    const proxy = new FaultyProxy(server, proxied)
    server.on('connection', (socket: Socket) => {
      proxy.#sockets.add(socket)
      socket.on('close', () => proxy.#sockets.delete(socket))
    })
    server.on('request', (incoming, outgoing) => {
      void proxy.#serve(upstream, incoming, outgoing)
    })
    return proxy
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  async #serve(
    upstream: { target: URL; ca: Buffer; cert: Buffer; key: Buffer },
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const { fault } = this
    this.requests.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`)
    if (fault.kind === 'swallow') return
    if (fault.kind === 'answer' && (fault.to?.(incoming) ?? true)) {
      const { status: code } = fault
      const reason = { 410: 'Expired', 429: 'TooManyRequests', 500: 'InternalError' }[code] ?? ''
      outgoing.writeHead(code, { 'content-type': 'application/json', ...fault.headers })
      outgoing.end(JSON.stringify({ kind: 'Status', code, reason, message: `made up: ${code}` }))
      return
    }
    if (fault.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms))
    const { target, ...credentials } = upstream
    const onward = request(
      {
        ...credentials,
        host: target.hostname,
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        outgoing.flushHeaders()
        // What was swallowed never comes, so nothing may come after it.
        let dead = false
        answer.on('data', (chunk: Buffer) => {
          dead ||= this.fault.kind === 'swallow'
          if (!dead) outgoing.write(chunk)
        })
        answer.on('end', () => {
          if (!dead) outgoing.end()
        })
        answer.on('error', () => outgoing.destroy())
      },
    )
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  }
}
