/** ServiceL2Status: which node announces a Service, and where (metallb.io/v1beta1). */
import * as z from 'zod'
import type { Kind } from './schema.ts'
import { immutable } from './schema.ts'

export const serviceL2StatusStatus = z.object({
  node: z.string().optional().describe('The node that announces.').meta(immutable),
  serviceName: z.string().optional().describe('Name of the Service.').meta(immutable),
  serviceNamespace: z.string().optional().describe('Namespace of the Service.').meta(immutable),
  interfaces: z
    .array(z.object({ name: z.string().optional().describe('Name of the interface.') }))
    .optional()
    .describe('Interfaces that it is announced on; empty: all that qualify.'),
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
  ],
  spec: z.object({}),
  status: serviceL2StatusStatus,
}
