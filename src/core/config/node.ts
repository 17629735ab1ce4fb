/** A Node as it comes from the API server, reduced to what the election sees. */
import * as z from 'zod'
import type { Node } from './model.ts'
import { metadata } from './schema.ts'

const schema = z.object({
  metadata,
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    })
    .prefault({}),
})

export function parseNode(object: unknown): Node | undefined {
  const parsed = schema.safeParse(object)
  if (!parsed.success) return undefined
  const { metadata, status } = parsed.data
  return {
    name: metadata.name,
    labels: metadata.labels,
    networkUnavailable: status.conditions.some(
      ({ type, status }) => type === 'NetworkUnavailable' && status === 'True',
    ),
  }
}
