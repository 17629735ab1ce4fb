/** Looks at what `doctor` judges beyond the snapshot. */
import { parse as parseYaml } from 'yaml'
import { GROUP } from '../core/config/crd.ts'
import type { Look } from '../core/report/look.ts'
import { FOREIGN_KINDS } from '../core/report/rivals.ts'
import {
  parseCrd,
  parseForeign,
  parseKubeProxy,
  parseWebhooks,
  parseWorkload,
} from '../core/report/surroundings.ts'
import type { ForeignObject, KubeProxy, Surroundings } from '../core/report/surroundings.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Resource } from '../ports/cluster.ts'
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  IP_ADDRESS_POOLS,
  PODS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../ports/resources.ts'
import { look, lookAtAll, mapLook, rightTo, whyNot } from './asking.ts'
import type { Connection } from './connection.ts'

const SYSTEM = 'kube-system'

export async function surroundings(connection: Connection): Promise<Surroundings> {
  const { cluster } = connection
  const [kubernetes, kubeProxy, workloads, crds, webhooks, webhookTry, foreign, cilium] =
    await Promise.all([
      look('get the version of Kubernetes', () => cluster.version()),
      configMap(connection, 'kube-proxy'),
      lookAtWorkloads(connection),
      lookAtAll(cluster, CUSTOM_RESOURCE_DEFINITIONS),
      lookAtAll(cluster, VALIDATING_WEBHOOK_CONFIGURATIONS),
      tryWebhook(connection),
      lookAtForeign(connection),
      configMap(connection, 'cilium-config'),
    ])
  return {
    kubernetes: mapLook(kubernetes, (version) => version ?? 'unknown'),
    kubeProxy: mapLook(kubeProxy, (data) => data && proxyOf(data)),
    workloads,
    crds: mapLook(crds, (objects) => objects.flatMap((it) => parseCrd(it) ?? [])),
    webhooks: mapLook(webhooks, (objects) => objects.flatMap((it) => parseWebhooks(GROUP, it))),
    webhookTry,
    foreign,
    cilium,
  }
}

/** Its data; undefined: there is none of that name. */
async function configMap(
  { cluster }: Connection,
  name: string,
): Promise<Look<Readonly<Record<string, string>> | undefined>> {
  const ref = { namespace: SYSTEM, name }
  const right = rightTo('get', CONFIG_MAPS, SYSTEM, name)
  const found = await look(right, () => cluster.get(CONFIG_MAPS, ref))
  return mapLook(found, (object) => object && ((object['data'] ?? {}) as Record<string, string>))
}

/** As kubeadm keeps it. */
function proxyOf(data: Readonly<Record<string, string>>): KubeProxy | undefined {
  try {
    return parseKubeProxy(parseYaml(data['config.conf'] ?? ''))
  } catch {
    return undefined // As if it were not there: it is not one that can be judged.
  }
}

async function lookAtWorkloads({ cluster }: Connection): Promise<Surroundings['workloads']> {
  const looks = await Promise.all([
    lookAtAll(cluster, DAEMON_SETS),
    lookAtAll(cluster, DEPLOYMENTS),
    lookAtAll(cluster, PODS, { namespace: SYSTEM }),
  ])
  const kinds = ['DaemonSet', 'Deployment', 'Pod']
  const all = together(
    looks.map((it, i) =>
      mapLook(it, (objects) => objects.flatMap((one) => parseWorkload(kinds[i] ?? '', one) ?? [])),
    ),
  )
  // What belongs to a DaemonSet or a Deployment is told once.
  return mapLook(all, (seen) => seen.filter(({ kind, owned }) => kind !== 'Pod' || !owned))
}

async function lookAtForeign({ cluster }: Connection): Promise<Look<readonly ForeignObject[]>> {
  const looks = await Promise.all(
    FOREIGN_KINDS.map(async ({ kind, versions, ...where }) => {
      for (const version of versions) {
        const resource: Resource = { ...where, kind, version, namespaced: false }
        const found = await lookAtAll(cluster, resource)
        if ('unseen' in found || found.seen.length > 0) {
          return mapLook(found, (objects) => objects.flatMap((it) => parseForeign(kind, it) ?? []))
        }
      }
      return { seen: [] }
    }),
  )
  return together(looks)
}

/** Nothing is seen where a part is not. */
function together<T>(looks: readonly Look<readonly T[]>[]): Look<readonly T[]> {
  const missing = looks.flatMap((it) => ('unseen' in it ? [it.unseen] : []))
  if (missing.length > 0) return { unseen: [...new Set(missing)].join('; ') }
  return { seen: looks.flatMap((it) => ('seen' in it ? it.seen : [])) }
}

const OUR_REFUSAL = /admission webhook "\S*metallb\.io" denied the request/
/** A range the wrong way round: no rule of the API server sees that, the webhook does. */
const WRONG_POOL = { addresses: ['fd00::2-fd00::1'] }

async function tryWebhook({
  cluster,
  metallbNamespace: namespace,
}: Connection): Promise<Surroundings['webhookTry']> {
  const { group, version, kind } = IP_ADDRESS_POOLS
  try {
    await cluster.tryCreate(IP_ADDRESS_POOLS, {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { namespace, generateName: 'bellwether-doctor-' },
      spec: WRONG_POOL,
    })
  } catch (error) {
    if (error instanceof ApiError) {
      const { message, status } = error
      if (OUR_REFUSAL.test(message)) return { seen: { refused: true, answer: message } }
      // failurePolicy Fail: the API server could not ask it.
      if (message.includes('failed calling webhook')) {
        return { seen: { refused: false, answer: message } }
      }
      if (status === 404) return { unseen: 'IPAddressPools are not installed' }
    }
    return { unseen: whyNot(error, rightTo('create', IP_ADDRESS_POOLS, namespace)) }
  }
  const answer = 'a wrong pool, created for a try, was not refused: the webhook is not asked'
  return { seen: { refused: false, answer } }
}
