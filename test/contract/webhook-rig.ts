/**
 * Webhooks in this process, asked by a real API server as in a cluster: through the Service and the
 * objects of the manifests, with the rights of the controller's ServiceAccount.
 */
import { KubeConfig } from '@kubernetes/client-node'
import { systemClock } from '../../src/adapters/clock.ts'
import { KubeCluster } from '../../src/adapters/kube/cluster.ts'
import { WarmCache } from '../../src/adapters/warm-cache.ts'
import { Owner } from '../../src/controller/owner.ts'
import { startWebhooks } from '../../src/controller/webhooks.ts'
import type { Webhooks } from '../../src/controller/webhooks.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { NAMESPACE, manifest } from './installed.ts'
import { MemoryLog } from './memory-log.ts'

/** The project's adapter, as one of the manifests' ServiceAccounts. */
export async function connectAs(api: ApiServer, account: string): Promise<KubeCluster> {
  const admin = new KubeConfig()
  admin.loadFromFile(api.kubeconfig)
  const cluster = admin.getCurrentCluster()
  if (!cluster) throw new Error('the kubeconfig has no cluster')
  const token = (await api.kubectl('create', 'token', account, '-n', NAMESPACE)).trim()
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: [cluster],
    users: [{ name: account, token }],
    contexts: [{ name: account, cluster: cluster.name, user: account }],
    currentContext: account,
  })
  return new KubeCluster(config, new MemoryLog())
}

export interface Replica {
  readonly webhooks: Webhooks
  readonly log: MemoryLog
  stop(): void
}

/** A replica's webhooks, on a port of their own. */
export async function startReplica(api: ApiServer, http2 = false): Promise<Replica> {
  const log = new MemoryLog()
  const stop = new AbortController()
  const options = {
    namespace: NAMESPACE,
    webhookPort: 0,
    certRotation: true,
    certDirectory: '',
    certServiceName: 'metallb-webhook-service',
    webhookSecret: 'metallb-webhook-cert',
    webhookHttp2: http2,
  }
  const cluster = await connectAs(api, 'controller')
  const cache = new WarmCache(cluster, stop.signal)
  const owner = new Owner(cluster, log, NAMESPACE, 'controller')
  const deps = { cluster, cache, clock: systemClock, log, owner, options }
  const webhooks = startWebhooks(deps, stop.signal)
  await until('the webhooks to be ready', () => webhooks.notReady().length === 0)
  return { webhooks, log, stop: () => stop.abort() }
}

/**
 * No kube-proxy here: the Service leads to this machine by name, and the API server is told the port.
 * It still asks for the name of the Service, as in a cluster.
 */
export async function leadTo(api: ApiServer, port: number): Promise<void> {
  const documents = manifest().split('\n---\n')
  const about = (text: string) =>
    text.includes('kind: ValidatingWebhookConfiguration') || text.includes('path: /convert')
  for (const text of documents.filter(about)) {
    await api.apply(text.replaceAll('port: 443', `port: ${port}`))
  }
  await until('the definition to be served again', () => api.kubectl('get', 'bgppeers', '-A'))
  const patch = {
    spec: { type: 'ExternalName', externalName: 'localhost', clusterIP: null, clusterIPs: null },
  }
  const service = ['-n', NAMESPACE, 'service', 'metallb-webhook-service']
  await api.kubectl('patch', ...service, '--type=merge', '-p', JSON.stringify(patch))
}
