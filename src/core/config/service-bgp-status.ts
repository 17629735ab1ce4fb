/** ServiceBGPStatus: which peers a node announces a Service to (metallb.io/v1beta1). */
import * as z from 'zod'
import type { Kind } from './schema.ts'
import { immutable } from './schema.ts'

export const SERVICE_BGP_STATUS: Kind = {
  kind: 'ServiceBGPStatus',
  plural: 'servicebgpstatuses',
  version: 'v1beta1',
  description: 'Tells which BGP peers a node is to announce a Service to.',
  columns: [
    { name: 'Node', type: 'string', jsonPath: '.status.node' },
    { name: 'Service Name', type: 'string', jsonPath: '.status.serviceName' },
    { name: 'Service Namespace', type: 'string', jsonPath: '.status.serviceNamespace' },
  ],
  spec: z.object({}),
  status: z.object({
    node: z.string().optional().describe('The node that announces.').meta(immutable),
    serviceName: z.string().optional().describe('Name of the Service.').meta(immutable),
    serviceNamespace: z.string().optional().describe('Namespace of the Service.').meta(immutable),
    peers: z.array(z.string()).optional().describe('Names of the BGPPeers.'),
  }),
}
