/** One HTTP request to the API server, with the credentials that client-node's KubeConfig knows. */
import type { KubeConfig } from '@kubernetes/client-node'
// Nothing else of it is in the bundle: tools/lean-client.ts.
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { ApiError } from '../../ports/cluster.ts'

/** Service-account tokens are renewed on disk; read them anew this often. */
const CREDENTIALS_MS = 60_000

/** For how long nothing may come. Beyond it a connection is taken for dead, whatever TCP thinks of it. */
export interface Patience {
  /** Until an answer is complete; for a watch, until it begins. */
  readonly answerMs: number
  /** Between two lines of a watch. The server sends a bookmark about once a minute. */
  readonly silenceMs: number
}

export const PATIENCE: Patience = { answerMs: 15_000, silenceMs: 90_000 }

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
  readonly contentType?: string
  readonly signal?: AbortSignal
}

export class Http {
  readonly #config: KubeConfig
  readonly #server: string
  readonly #patience: Patience
  #dispatcher: Dispatcher | undefined
  #headers: Record<string, string> = {}
  #headersUntil = 0

  constructor(config: KubeConfig, patience: Patience = PATIENCE) {
    this.#config = config
    this.#patience = patience
    const cluster = config.getCurrentCluster()
    if (!cluster) throw new Error('no API server: expected a kubeconfig with a current cluster')
    this.#server = cluster.server.replace(/\/$/, '')
  }

  /** The parsed answer. Rejects with ApiError for anything but success. */
  async call(call: Call): Promise<unknown> {
    const timeout = AbortSignal.timeout(this.#patience.answerMs)
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout
    try {
      const response = await this.#request(call, { signal })
      return JSON.parse(await response.body.text())
    } catch (error) {
      throw asApiError(call, error)
    }
  }

  /**
   * Resolves when the answer begins, to its lines. They end when the server ends them or has been silent
   * for too long; they throw an ApiError when the connection breaks.
   */
  async lines(call: Call & { readonly signal: AbortSignal }): Promise<AsyncIterable<string>> {
    const { answerMs: headersTimeout, silenceMs: bodyTimeout } = this.#patience
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error('no answer in time')), headersTimeout)
    const signal = AbortSignal.any([call.signal, late.signal])
    try {
      const { body } = await this.#request(call, { signal, headersTimeout, bodyTimeout })
      return readLines(call, body)
    } catch (error) {
      throw asApiError(call, error)
    } finally {
      clearTimeout(timer)
    }
  }

  async #request(call: Call, options: object): Promise<Dispatcher.ResponseData> {
    const url = new URL(this.#server + call.path)
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, `${value}`)
    }
    const dispatcher = await this.#authenticated()
    const response = await dispatcher.request({
      ...options,
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: call.method,
      headers: {
        ...this.#headers,
        accept: 'application/json',
        ...(call.body ? { 'content-type': call.contentType ?? 'application/json' } : {}),
      },
      body: call.body ? JSON.stringify(call.body) : null,
    })
    if (response.statusCode >= 400) throw await refusal(response)
    return response
  }

  /** Headers are renewed now and then; the dispatcher, which holds the connections, is kept. */
  async #authenticated(): Promise<Dispatcher> {
    if (this.#dispatcher && performance.now() < this.#headersUntil) return this.#dispatcher
    const headers: Record<string, string> = {}
    const context = {
      setHeaderParam: (name: string, value: string) => (headers[name] = value),
      setDispatcher: (dispatcher: Dispatcher) => (this.#dispatcher ??= dispatcher),
    }
    type Context = Parameters<KubeConfig['applySecurityAuthentication']>[0]
    await this.#config.applySecurityAuthentication(context as unknown as Context)
    this.#headers = headers
    this.#headersUntil = performance.now() + CREDENTIALS_MS
    // Without any TLS of its own there is none.
    return (this.#dispatcher ??= new Agent())
  }
}

async function* readLines(call: Call, body: Dispatcher.ResponseData['body']) {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    // The next watch resumes where this one was, or fails at once.
    if (!isSilence(error)) throw asApiError(call, error)
  }
}

const isSilence = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'UND_ERR_BODY_TIMEOUT'

function asApiError({ method, path }: Call, error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ApiError(0, '', `${method} ${path}: ${message}`, { cause: error })
}

/** An answer of 400 and above: usually a `Status` object that says why. */
async function refusal({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<ApiError> {
  const text = await body.text()
  const seconds = Number(headers['retry-after'] ?? 0)
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : 0
  try {
    const { reason = '', message = text } = JSON.parse(text) as {
      reason?: string
      message?: string
    }
    return new ApiError(statusCode, reason, message, { retryAfterMs })
  } catch {
    return new ApiError(statusCode, '', text.slice(0, 500), { retryAfterMs })
  }
}
