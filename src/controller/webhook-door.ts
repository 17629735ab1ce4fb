/** Where the API server comes in: an HTTPS server that waits for its first certificate. */
import { serveHttps } from '../adapters/https-server.ts'
import type { HttpsServer, Reply } from '../adapters/https-server.ts'
import { readPair, watchDirectory } from '../adapters/secret-files.ts'
import type { Pair } from '../adapters/x509.ts'
import type { Log } from '../ports/log.ts'

export interface DoorOptions {
  /** 0: any port that is free. */
  readonly webhookPort: number
  readonly webhookHttp2: boolean
}

/** Opens with the first certificate, and shows the newest from then on. */
export class Door {
  readonly #options: DoorOptions
  readonly #log: Log
  readonly #answer: (path: string, question: unknown) => Reply
  #server: Promise<HttpsServer> | undefined
  #shown: Pair | undefined
  #closed = false
  port: number | undefined

  constructor(options: DoorOptions, log: Log, answer: (path: string, question: unknown) => Reply) {
    this.#options = options
    this.#log = log
    this.#answer = answer
  }

  use(pair: Pair): void {
    if (this.#shown?.cert === pair.cert && this.#shown.key === pair.key) return
    this.#shown = pair
    if (this.#server) {
      this.#with((server) => server.use(pair))
      return
    }
    const { webhookPort: port, webhookHttp2: http2 } = this.#options
    this.#server = serveHttps({ port, pair, http2, answer: this.#answer })
    this.#with((server) => {
      this.port = server.port
      this.#log.info('webhooks-served', { port: server.port })
      if (this.#closed) server.close()
    })
  }

  close(): void {
    this.#closed = true
    this.#with((server) => server.close())
  }

  #with(act: (server: HttpsServer) => void): void {
    this.#server?.then(act).catch((error: unknown) => {
      this.#log.error('webhooks-not-served', { port: this.#options.webhookPort, error })
      // Tried again with the next certificate, or with this one when it is read again.
      this.#shown = undefined
      if (this.port === undefined) this.#server = undefined
    })
  }
}

/** Certificates of a directory, followed while it runs. */
export function serveFiles(directory: string, door: Door, log: Log, signal: AbortSignal): void {
  let told = ''
  const read = () => {
    try {
      door.use(readPair(directory))
      told = ''
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message !== told) log.error('certificates-not-read', { directory, message })
      told = message
    }
  }
  read()
  const watched = watchDirectory(directory, read, (error) => {
    log.warn('certificates-not-watched', { directory, error })
  })
  signal.addEventListener('abort', () => watched.close(), { once: true })
}
