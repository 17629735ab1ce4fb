/** ConfigurationState: whether a component could use the configuration (metallb.io/v1beta1). */
import * as z from 'zod'
import type { Kind } from './schema.ts'

export const condition = z.object({
  type: z.string().max(316).describe('Type of the condition.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ format: 'int64' })
    .describe('Generation of the object that the condition was set upon.'),
  lastTransitionTime: z
    .string()
    .meta({ format: 'date-time' })
    .describe('When it last changed from one status to another.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why it last changed, as one word.'),
  message: z.string().max(32768).describe('Why it last changed, for a person.'),
})

export const configurationStateStatus = z.object({
  result: z
    .enum(['Valid', 'Invalid', 'Unknown'])
    .optional()
    .describe('Whether the configuration could be used.'),
  errorSummary: z.string().optional().describe('All errors, one a line.'),
  conditions: z
    .array(condition)
    .optional()
    .describe('Conditions of the parts of the component.')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
})

export const CONFIGURATION_STATE: Kind = {
  kind: 'ConfigurationState',
  plural: 'configurationstates',
  version: 'v1beta1',
  description: 'Tells whether a component could use the configuration.',
  columns: [
    { name: 'Result', type: 'string', jsonPath: '.status.result' },
    { name: 'ErrorSummary', type: 'string', jsonPath: '.status.errorSummary' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  status: configurationStateStatus,
}
