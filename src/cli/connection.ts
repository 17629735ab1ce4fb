/** The cluster that the kubeconfig leads to, with the patience that the user has. */
import { KubeConfig } from '@kubernetes/client-node'
import { KubeCluster } from '../adapters/kube/cluster.ts'
import { PodPages } from '../adapters/kube/pod-pages.ts'
import type { Log } from '../ports/log.ts'
import type { Options } from './arguments.ts'
import { CANNOT_ASK, Failure, USAGE } from './exit-codes.ts'

export interface Connection {
  readonly cluster: KubeCluster
  readonly pages: PodPages
  /** For Services that are named without one; undefined: neither flag nor context says one. */
  readonly namespace: string | undefined
  /** Where Bellwether is installed. */
  readonly metallbNamespace: string
  /** Address of the API server, for people. */
  readonly server: string
  readonly requestTimeoutMs: number
}

export function connect(options: Options): Connection {
  const config = kubeConfig(options)
  // Timers know no more than 24 days.
  const answerMs = Math.min(options.requestTimeoutMs, 2 ** 31 - 1)
  const server = config.getCurrentCluster()?.server
  if (server === undefined || server === GUESSED) throw new Failure(CANNOT_ASK, NO_CLUSTER)
  return {
    cluster: new KubeCluster(config, SILENT, { answerMs, silenceMs: 90_000 }),
    pages: new PodPages(config),
    namespace: options.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace,
    metallbNamespace: options.metallbNamespace,
    server,
    requestTimeoutMs: answerMs,
  }
}

/** What client-node takes where it finds no kubeconfig. */
const GUESSED = 'http://localhost:8080'
const NO_CLUSTER =
  'no cluster to ask: give --kubeconfig or KUBECONFIG, and choose a context (--context, kubectl config use-context)'

export function kubeConfig({ kubeconfig, context }: Options): KubeConfig {
  const config = new KubeConfig()
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Failure(CANNOT_ASK, `the kubeconfig cannot be read: ${message}`)
  }
  if (context === undefined) return config
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map(({ name }) => name)
    throw new Failure(USAGE, `no context "${context}"; there are: ${known.join(', ') || 'none'}`)
  }
  config.setCurrentContext(context)
  return config
}

const say = () => {}
/** What goes wrong is told by what is thrown. */
const SILENT: Log = { debug: say, info: say, warn: say, error: say, child: () => SILENT }
