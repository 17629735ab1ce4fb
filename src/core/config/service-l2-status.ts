/** ServiceL2Status: which node announces a Service, and where (metallb.io/v1beta1). */
import * as z from 'zod'
import { condition } from './configuration-state.ts'
import type { Kind } from './schema.ts'
import { immutable } from './schema.ts'

/** Labels of the objects, by which they are found. */
export const NODE_LABEL = 'metallb.io/node'
export const SERVICE_NAME_LABEL = 'metallb.io/service-name'
export const SERVICE_NAMESPACE_LABEL = 'metallb.io/service-namespace'

/** `namespace/name` of the Service that an object with these labels is about. */
export const labelledService = (labels: Readonly<Record<string, string>> = {}): string =>
  `${labels[SERVICE_NAMESPACE_LABEL] ?? ''}/${labels[SERVICE_NAME_LABEL] ?? ''}`

/** Type of the condition that another host uses an address of the Service too. */
export const ADDRESS_CONFLICT = 'AddressConflict'

export const serviceL2StatusStatus = z.object({
  node: z.string().optional().describe('The node that announces.').meta(immutable),
  serviceName: z.string().optional().describe('Name of the Service.').meta(immutable),
  serviceNamespace: z.string().optional().describe('Namespace of the Service.').meta(immutable),
  interfaces: z
    .array(z.object({ name: z.string().optional().describe('Name of the interface.') }))
    .optional()
    .describe('Interfaces that it is announced on; empty: all that qualify.'),
  since: z
    .string()
    .optional()
    .meta({ format: 'date-time' })
    .describe('When this node took the address. Not of MetalLB, as all that follows.'),
  why: z.string().optional().describe('Why this node.'),
  takeover: z
    .object({
      cause: z
        .string()
        .describe(
          'first (nobody had it), handover (given by a living owner), speakerGone, nodeGone, speakerSilent, left, uplink, dead (told by others only), unknown.',
        ),
      from: z.string().optional().describe('The node that had it before.'),
      outageMs: z
        .int()
        .min(0)
        .optional()
        .describe('The longest time in ms that nobody can have answered.'),
    })
    .optional()
    .describe('How it came here.'),
  conditions: z
    .array(condition)
    .optional()
    .describe(
      'AddressConflict, for as long as another host uses an address of the Service: reason Stranger (a host that is no speaker) or AnnouncedTwice (another speaker), with its MAC in the message.',
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
})

export const SERVICE_L2_STATUS: Kind = {
  kind: 'ServiceL2Status',
  plural: 'servicel2statuses',
  version: 'v1beta1',
  description: 'Tells which node announces a Service on the local network.',
  columns: [
    { name: 'Allocated Node', type: 'string', jsonPath: '.status.node' },
    { name: 'Service Name', type: 'string', jsonPath: '.status.serviceName' },
    { name: 'Service Namespace', type: 'string', jsonPath: '.status.serviceNamespace' },
    { name: 'Since', type: 'date', jsonPath: '.status.since', priority: 1 },
  ],
  spec: z.object({}),
  status: serviceL2StatusStatus,
}
