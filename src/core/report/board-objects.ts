/** API objects as far as the dashboard shows them. What does not parse is of an API to come, and passed over. */
import * as z from 'zod'
import { ALLOCATED_FROM_POOL } from '../config/annotations.ts'

const labels = z.record(z.string(), z.string()).default({})
const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  creationTimestamp: z.string().default(''),
  labels,
  annotations: labels,
})
const conditions = z
  .array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') }))
  .default([])

const node = z
  .object({ metadata, status: z.object({ conditions }).prefault({}) })
  .transform(({ metadata, status }) => ({
    name: metadata.name,
    ready: isTrue(status.conditions, 'Ready'),
    excluded: Object.hasOwn(
      metadata.labels,
      'node.kubernetes.io/exclude-from-external-load-balancers',
    ),
  }))

const pod = z
  .object({
    metadata,
    spec: z.object({ nodeName: z.string().default('') }),
    status: z.object({ conditions }).prefault({}),
  })
  .transform(({ spec, status }) => ({
    node: spec.nodeName,
    ready: isTrue(status.conditions, 'Ready'),
  }))

const service = z
  .object({
    metadata,
    spec: z.object({ type: z.string().optional(), loadBalancerClass: z.string().optional() }),
    status: z
      .object({
        loadBalancer: z
          .object({ ingress: z.array(z.object({ ip: z.string().optional() })).default([]) })
          .prefault({}),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }) => ({
    key: `${metadata.namespace}/${metadata.name}`,
    created: metadata.creationTimestamp,
    balanced: spec.type === 'LoadBalancer',
    loadBalancerClass: spec.loadBalancerClass,
    addresses: status.loadBalancer.ingress.flatMap(({ ip }) => ip ?? []),
    pool: metadata.annotations[ALLOCATED_FROM_POOL],
  }))

const announcement = z
  .object({
    metadata,
    status: z.object({
      node: z.string().min(1),
      serviceName: z.string().min(1),
      serviceNamespace: z.string(),
      interfaces: z.array(z.object({ name: z.string().optional() })).default([]),
      since: z.string().optional(),
      why: z.string().optional(),
      takeover: z
        .object({
          cause: z.string(),
          from: z.string().optional(),
          outageMs: z.number().optional(),
        })
        .optional(),
    }),
  })
  .transform(({ metadata, status }) => ({
    service: `${status.serviceNamespace}/${status.serviceName}`,
    node: status.node,
    interfaces: status.interfaces.flatMap(({ name }) => name ?? []),
    created: metadata.creationTimestamp,
    since: status.since,
    why: status.why,
    takeover: status.takeover,
  }))

const count = z.number().default(0)
const pool = z
  .object({
    metadata,
    spec: z.object({
      addresses: z.array(z.string()).default([]),
      autoAssign: z.boolean().default(true),
    }),
    status: z
      .object({
        assignedIPv4: count,
        assignedIPv6: count,
        availableIPv4: count,
        availableIPv6: count,
        usage: z.object({ used: z.string(), free: z.string(), total: z.string() }).optional(),
        conditions,
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }) => {
    const used = status.assignedIPv4 + status.assignedIPv6
    const free = status.availableIPv4 + status.availableIPv6
    return {
      name: metadata.name,
      ranges: spec.addresses,
      autoAssign: spec.autoAssign,
      usage: status.usage,
      share: used === 0 ? 0 : used / (used + free),
      warning: status.conditions.find((it) => it.type === 'UsageHigh' && it.status === 'True')
        ?.message,
    }
  })

const configuration = z
  .object({
    metadata,
    status: z
      .object({ result: z.string().default(''), errorSummary: z.string().default('') })
      .prefault({}),
  })
  .transform(({ metadata, status }) => ({ name: metadata.name, ...status }))

const event = z
  .object({
    metadata,
    type: z.string().default(''),
    reason: z.string().default(''),
    message: z.string().default(''),
    involvedObject: z.object({
      kind: z.string().default(''),
      namespace: z.string().default(''),
      name: z.string().default(''),
    }),
    lastTimestamp: z.string().nullish(),
    eventTime: z.string().nullish(),
  })
  .transform((it) => ({
    about: `${it.involvedObject.namespace}/${it.involvedObject.name}`,
    shown: it.type === 'Warning' && it.involvedObject.kind === 'Service',
    reason: it.reason,
    message: it.message,
    at: it.lastTimestamp ?? it.eventTime ?? it.metadata.creationTimestamp,
  }))

const KINDS = { node, pod, service, announcement, pool, configuration, event }
export type BoardKind = keyof typeof KINDS
export type BoardObject<K extends BoardKind> = z.infer<(typeof KINDS)[K]>

export function parseBoardObject<K extends BoardKind>(
  kind: K,
  object: unknown,
): BoardObject<K> | undefined {
  const parsed = KINDS[kind].safeParse(object)
  return parsed.success ? (parsed.data as BoardObject<K>) : undefined
}

function isTrue(list: readonly { type: string; status: string }[], type: string): boolean {
  return list.some((it) => it.type === type && it.status === 'True')
}
