/**
 * Metrics for a scraper: HTTPS, for those whom the cluster lets see them, or plain HTTP for all. MetalLB's
 * port and flags.
 */
import type { Server } from 'node:http'
import { hostname } from 'node:os'
import type { Clock } from '../ports/clock.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { AccessGuard } from './kube/access-guard.ts'
import { servePages } from './pages.ts'
import type { Pages } from './pages.ts'
import { readPair, watchDirectory } from './secret-files.ts'
import { selfSigned } from './signing.ts'
import type { Pair } from './x509.ts'
import type { TlsSettings } from './tls-settings.ts'
import { Trouble } from './trouble.ts'

/** A certificate of its own goes with the process: nobody is to meet its end. */
const SELF_SIGNED_DAYS = 3650

export interface MetricsOptions {
  /** 0: none are served. */
  readonly port: number
  /** False: plain HTTP, without asking who comes. */
  readonly secure: boolean
  /** Holds `tls.crt` and `tls.key`, read anew when they change; '': self-signed. */
  readonly certificateDirectory: string
  readonly tls: TlsSettings
}

export interface MetricsServerDeps {
  readonly cluster: Pick<Cluster, 'create'>
  readonly clock: Clock
  readonly log: Log
  readonly options: MetricsOptions
}

/** Resolves when it listens. Where it cannot that is told, and the program does its work without. */
export async function serveMetrics(deps: MetricsServerDeps, pages: Pages): Promise<Closable> {
  const { port } = deps.options
  const nothing = { close: () => undefined }
  if (port === 0) return nothing
  try {
    return await serve(deps, pages)
  } catch (error) {
    const remedy = 'choose another port by --port, or check --metrics-cert-dir; then restart'
    deps.log.error('metrics-not-served', { port, error, remedy })
    return nothing
  }
}

interface Closable {
  close(): void
}

async function serve(deps: MetricsServerDeps, pages: Pages): Promise<Closable> {
  const { cluster, clock, options } = deps
  const { port, secure, certificateDirectory: directory, tls } = options
  if (!secure) return closing(await servePages({ address: '', port, pages }))
  const guard = new AccessGuard(cluster, clock)
  const certificate =
    directory === ''
      ? await selfSigned(hostname(), new Date(), SELF_SIGNED_DAYS)
      : readPair(directory)
  const server = await servePages({
    address: '',
    port,
    pages,
    tls: { ...tls, ...certificate },
    guard: (request) => guard.check(request),
  })
  const renew = (renewed: Pair) => server.setSecureContext({ ...tls, ...renewed })
  const following = directory === '' ? undefined : followCertificate(deps, certificate, renew)
  return closing(server, following)
}

/** What cannot be read or used leaves the last one in use. */
function followCertificate(
  { clock, log, options }: MetricsServerDeps,
  first: Pair,
  renew: (certificate: Pair) => void,
): Closable {
  const directory = options.certificateDirectory
  const trouble = new Trouble(
    clock,
    log,
    'metrics-certificate-unread',
    'metrics-certificate-read-again',
  )
  let current = first
  const changed = () => {
    try {
      const certificate = readPair(directory)
      trouble.over()
      if (certificate.cert === current.cert && certificate.key === current.key) return
      renew(certificate)
      current = certificate
      log.info('metrics-certificate', { directory })
    } catch (error) {
      trouble.happened({ directory, error, kept: 'the last one' })
    }
  }
  return watchDirectory(directory, changed, (error) => {
    log.warn('metrics-certificate-unwatched', { error, instead: 'looked at now and then' })
  })
}

function closing(server: Server, following?: Closable): Closable {
  return {
    close() {
      following?.close()
      server.close()
      server.closeAllConnections()
    },
  }
}
