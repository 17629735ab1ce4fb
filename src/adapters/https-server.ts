/** An HTTPS server for questions by POST, whose certificate can be changed while it runs. */
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Pair } from './x509.ts'

/** Objects of the API server are of 3 MiB at most, and a question holds two. */
const MAX_BODY = 16 * 1024 * 1024
/** Longer than the 90 s after which the API server gives up an idle connection: it is not to find
 * one that we have just closed. */
const KEEP_ALIVE_MS = 120_000

export interface Reply {
  readonly status: number
  /** Sent as JSON. */
  readonly body: object
}

export interface HttpsOptions {
  /** 0: any that is free. */
  readonly port: number
  readonly pair: Pair
  /** HTTP/2 beside HTTP/1.1. */
  readonly http2: boolean
  /** `question`: the parsed body. Whatever it throws is told as status 500. */
  readonly answer: (path: string, question: unknown) => Reply | Promise<Reply>
}

export interface HttpsServer {
  readonly port: number
  /** For connections from now on. */
  use(pair: Pair): void
  close(): void
}

const secure = ({ cert, key }: Pair) => ({ cert, key, minVersion: 'TLSv1.3' as const })

/** Resolves when it listens; rejects if the port cannot be bound. */
export async function serveHttps(options: HttpsOptions): Promise<HttpsServer> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    void reply(request, options.answer).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  }
  const context = secure(options.pair)
  const server = options.http2
    ? // HTTP/2's requests and answers are made to look like those of HTTP/1.1.
      createSecureServer({ ...context, allowHTTP1: true }, listener as never)
    : createServer({ ...context, keepAliveTimeout: KEEP_ALIVE_MS }, listener)
  server.listen(options.port)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    use: (pair) => server.setSecureContext(secure(pair)),
    close() {
      server.close()
      if ('closeIdleConnections' in server) server.closeIdleConnections()
    },
  }
}

async function reply(request: IncomingMessage, answer: HttpsOptions['answer']): Promise<Reply> {
  const refuse = (status: number, message: string): Reply => ({ status, body: { message } })
  if (request.method !== 'POST') return refuse(405, `expected POST, got ${request.method}`)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_BODY) return refuse(413, `expected at most ${MAX_BODY} bytes`)
      chunks.push(chunk)
    }
    const question: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return await answer((request.url ?? '/').split('?')[0] ?? '/', question)
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(400, `expected JSON: ${error.message}`)
    return refuse(500, error instanceof Error ? error.message : String(error))
  }
}
