/** One HTTP request to the API server, with the credentials that client-node's KubeConfig knows. */
import type { KubeConfig } from '@kubernetes/client-node'
import { request } from 'undici'
import type { Dispatcher } from 'undici'
import { ApiError } from '../../ports/cluster.ts'

/** How long an answer may take before the call counts as failed. */
const TIMEOUT_MS = 15_000
/** Service-account tokens are renewed on disk; read them anew this often. */
const CREDENTIALS_MS = 60_000

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: object
  readonly contentType?: string
  readonly signal?: AbortSignal
}

export class Http {
  readonly #config: KubeConfig
  readonly #server: string
  #dispatcher: Dispatcher | undefined
  #headers: Record<string, string> = {}
  #headersUntil = 0

  constructor(config: KubeConfig) {
    this.#config = config
    const cluster = config.getCurrentCluster()
    if (!cluster) throw new Error('no API server: expected a kubeconfig with a current cluster')
    this.#server = cluster.server.replace(/\/$/, '')
  }

  /** The parsed answer. Rejects with ApiError for anything but success. */
  async call(call: Call): Promise<unknown> {
    const url = new URL(this.#server + call.path)
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, `${value}`)
    }
    try {
      await this.#authenticate()
      const timeout = AbortSignal.timeout(TIMEOUT_MS)
      const response = await request(url, {
        method: call.method,
        headers: {
          ...this.#headers,
          accept: 'application/json',
          ...(call.body ? { 'content-type': call.contentType ?? 'application/json' } : {}),
        },
        body: call.body ? JSON.stringify(call.body) : null,
        signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
        ...(this.#dispatcher ? { dispatcher: this.#dispatcher } : {}),
      })
      const text = await response.body.text()
      if (response.statusCode >= 400) throw refusal(response.statusCode, text)
      return JSON.parse(text)
    } catch (error) {
      if (error instanceof ApiError) throw error
      const message = error instanceof Error ? error.message : String(error)
      throw new ApiError(0, '', `${call.method} ${call.path}: ${message}`, { cause: error })
    }
  }

  /** Headers are renewed now and then; the dispatcher, which holds the connections, is kept. */
  async #authenticate(): Promise<void> {
    if (performance.now() < this.#headersUntil) return
    const headers: Record<string, string> = {}
    const context = {
      setHeaderParam: (name: string, value: string) => (headers[name] = value),
      setDispatcher: (dispatcher: Dispatcher) => (this.#dispatcher ??= dispatcher),
    }
    type Context = Parameters<KubeConfig['applySecurityAuthentication']>[0]
    await this.#config.applySecurityAuthentication(context as unknown as Context)
    this.#headers = headers
    this.#headersUntil = performance.now() + CREDENTIALS_MS
  }
}

/** An answer of 400 and above: usually a `Status` object that says why. */
function refusal(status: number, text: string): ApiError {
  try {
    const { reason = '', message = text } = JSON.parse(text) as {
      reason?: string
      message?: string
    }
    return new ApiError(status, reason, message)
  } catch {
    return new ApiError(status, '', text.slice(0, 500))
  }
}
