/** What `doctor` looks at beyond the snapshot: whatever else in the cluster has to do with addresses. */
import * as z from 'zod'
import type { Look } from './look.ts'

export interface Surroundings {
  /** Of the API server: `v1.34.4`. */
  readonly kubernetes: Look<string>
  /** Undefined: there is no ConfigMap of it. */
  readonly kubeProxy: Look<KubeProxy | undefined>
  /** DaemonSets and Deployments of the cluster, and the pods of kube-system (static ones). */
  readonly workloads: Look<readonly Workload[]>
  /** Names as `ciliuml2announcementpolicies.cilium.io`. */
  readonly crds: Look<readonly Crd[]>
  /** Webhooks that are asked about objects of metallb.io. */
  readonly webhooks: Look<readonly Webhook[]>
  /** What became of a pool that only the webhook refuses, created for a try. */
  readonly webhookTry: Look<{ readonly refused: boolean; readonly answer: string }>
  /** Objects of others that give or announce addresses: `CiliumLoadBalancerIPPool/blue`. */
  readonly foreign: Look<readonly ForeignObject[]>
  /** Values of the ConfigMap cilium-config; undefined: there is none. */
  readonly cilium: Look<Readonly<Record<string, string>> | undefined>
}

export interface KubeProxy {
  /** '' is the default of the platform, iptables. */
  readonly mode: string
  readonly strictARP: boolean
}

export interface Workload {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** By another object, such as a DaemonSet. */
  readonly owned: boolean
  readonly images: readonly string[]
  /** Commands and arguments of all containers. */
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Crd {
  readonly name: string
  /** Versions that are served, with the schema of each. */
  readonly versions: readonly { readonly name: string; readonly schema: unknown }[]
}

export interface Webhook {
  /** Of the ValidatingWebhookConfiguration that it is in. */
  readonly configuration: string
  readonly name: string
  readonly failurePolicy: string
  /** `namespace/name` of the Service that answers; undefined: a URL. */
  readonly service: string | undefined
  readonly hasAuthority: boolean
}

export interface ForeignObject {
  readonly kind: string
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
}

const container = z.object({
  image: z.string().default(''),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
})
const podSpec = z.object({ containers: z.array(container).default([]) })
const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  ownerReferences: z.array(z.object({ kind: z.string() })).default([]),
})
/** A pod, or what has a template of one. */
const workload = z.object({
  metadata,
  spec: z.union([z.object({ template: z.object({ spec: podSpec }) }), podSpec]),
})

export function parseWorkload(kind: string, object: unknown): Workload | undefined {
  const parsed = workload.safeParse(object)
  if (!parsed.success) return undefined
  const { spec } = parsed.data
  const { name, namespace, ownerReferences } = parsed.data.metadata
  const { containers } = 'template' in spec ? spec.template.spec : spec
  const env = containers.flatMap((it) => it.env.map(({ name, value = '' }) => [name, value]))
  return {
    kind,
    namespace,
    name,
    // A static pod is said to be its node's.
    owned: ownerReferences.some((owner) => owner.kind !== 'Node'),
    images: containers.map(({ image }) => image),
    words: containers.flatMap(({ command, args }) => [...command, ...args]),
    env: Object.fromEntries(env) as Record<string, string>,
  }
}

const kubeProxy = z.object({
  mode: z.string().nullish(),
  ipvs: z.object({ strictARP: z.boolean().nullish() }).nullish(),
})

/** A KubeProxyConfiguration, as its YAML has been read. */
export function parseKubeProxy(configuration: unknown): KubeProxy | undefined {
  const parsed = kubeProxy.safeParse(configuration)
  if (!parsed.success) return undefined
  return { mode: parsed.data.mode ?? '', strictARP: parsed.data.ipvs?.strictARP === true }
}

const crd = z.object({
  metadata,
  spec: z.object({
    versions: z.array(
      z.object({
        name: z.string(),
        served: z.boolean(),
        schema: z.object({ openAPIV3Schema: z.unknown() }).optional(),
      }),
    ),
  }),
})

export function parseCrd(object: unknown): Crd | undefined {
  const parsed = crd.safeParse(object)
  if (!parsed.success) return undefined
  const served = parsed.data.spec.versions.filter((version) => version.served)
  return {
    name: parsed.data.metadata.name,
    versions: served.map(({ name, schema }) => ({ name, schema: schema?.openAPIV3Schema })),
  }
}

const webhookConfiguration = z.object({
  metadata,
  webhooks: z
    .array(
      z.object({
        name: z.string(),
        failurePolicy: z.string().default('Fail'),
        clientConfig: z.object({
          caBundle: z.string().default(''),
          service: z.object({ namespace: z.string(), name: z.string() }).optional(),
        }),
        rules: z.array(z.object({ apiGroups: z.array(z.string()).default([]) })).default([]),
      }),
    )
    .default([]),
})

/** Those of one ValidatingWebhookConfiguration that are asked about `group`. */
export function parseWebhooks(group: string, object: unknown): Webhook[] {
  const parsed = webhookConfiguration.safeParse(object)
  if (!parsed.success) return []
  const { metadata, webhooks } = parsed.data
  return webhooks
    .filter(({ rules }) => rules.some(({ apiGroups }) => apiGroups.includes(group)))
    .map(({ name, failurePolicy, clientConfig: { caBundle, service } }) => ({
      configuration: metadata.name,
      name,
      failurePolicy,
      service: service && `${service.namespace}/${service.name}`,
      hasAuthority: caBundle !== '',
    }))
}

const foreign = z.object({ metadata, spec: z.record(z.string(), z.unknown()).default({}) })

export function parseForeign(kind: string, object: unknown): ForeignObject | undefined {
  const parsed = foreign.safeParse(object)
  return parsed.success
    ? { kind, name: parsed.data.metadata.name, spec: parsed.data.spec }
    : undefined
}
