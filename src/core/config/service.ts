/** A Service as it comes from the API server, reduced to what allocation and election see. */
import * as z from 'zod'
import { parseIp } from '../net/ip.ts'
import type { Service } from './model.ts'

const labels = z.record(z.string(), z.string()).default({})

const schema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    creationTimestamp: z.string().default(''),
    labels,
    annotations: labels,
  }),
  spec: z
    .object({
      type: z.string().default('ClusterIP'),
      loadBalancerClass: z.string().optional(),
      loadBalancerIP: z.string().optional(),
      clusterIP: z.string().optional(),
      clusterIPs: z.array(z.string()).optional(),
      ipFamilies: z.array(z.enum(['IPv4', 'IPv6'])).default([]),
      ipFamilyPolicy: z
        .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
        .default('SingleStack'),
      externalTrafficPolicy: z.enum(['Cluster', 'Local']).default('Cluster'),
      selector: labels,
      ports: z
        .array(z.object({ protocol: z.string().default('TCP'), port: z.number() }))
        .default([]),
    })
    .prefault({}),
  status: z
    .object({
      loadBalancer: z
        .object({ ingress: z.array(z.object({ ip: z.string().optional() })).default([]) })
        .prefault({}),
    })
    .prefault({}),
})

/**
 * The API server has validated the object: one that does not parse is of an API to come, and is
 * passed over (undefined) rather than guessed at.
 */
export function parseService(object: unknown): Service | undefined {
  const parsed = schema.safeParse(object)
  if (!parsed.success) return undefined
  const { metadata, spec, status } = parsed.data
  const clusterIPs = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP])
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    ...metadata,
    type: spec.type,
    ...(spec.loadBalancerClass === undefined ? {} : { loadBalancerClass: spec.loadBalancerClass }),
    ...(spec.loadBalancerIP ? { loadBalancerIP: spec.loadBalancerIP } : {}),
    // Headless ones say 'None', which is no address.
    clusterIPs: clusterIPs.flatMap((text) => parseIp(text) ?? []),
    ipFamilies: spec.ipFamilies.map((family) => (family === 'IPv4' ? 4 : 6)),
    ipFamilyPolicy: spec.ipFamilyPolicy,
    externalTrafficPolicy: spec.externalTrafficPolicy,
    selector: spec.selector,
    ports: spec.ports,
    ingress: status.loadBalancer.ingress.flatMap(({ ip }) => ip ?? []),
  }
}
