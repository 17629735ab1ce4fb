/**
 * API objects as the dashboard keeps them: as the other reports read them. What does not parse is of an API to
 * come, and passed over.
 */
import * as z from 'zod'
import { parseEndpointSlice } from '../config/endpoints.ts'
import { parseService } from '../config/service.ts'
import type { BoardPool } from './board-state.ts'
import {
  parseConfigurationState,
  parseEvent,
  parseL2Status,
  parseNamespace,
  parseNodeObject,
  parsePod,
} from './objects.ts'

const count = z.number().default(0)
const pool = z.object({
  metadata: z.object({ name: z.string() }),
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
    })
    .prefault({}),
})

/** As it is drawn, and as it came: the configuration is parsed as a whole. */
function parsePool(object: unknown) {
  const parsed = pool.safeParse(object).data
  if (!parsed) return undefined
  const { metadata, spec, status } = parsed
  const used = status.assignedIPv4 + status.assignedIPv6
  const free = status.availableIPv4 + status.availableIPv6
  const drawn: BoardPool = {
    name: metadata.name,
    ranges: spec.addresses,
    autoAssign: spec.autoAssign,
    ...(status.usage && { usage: status.usage }),
    share: used === 0 ? 0 : used / (used + free),
  }
  return { drawn, object }
}

const KINDS = {
  node: parseNodeObject,
  namespace: parseNamespace,
  pod: parsePod,
  service: parseService,
  endpointSlice: parseEndpointSlice,
  announcement: parseL2Status,
  pool: parsePool,
  advertisement: (object: unknown) => ({ object }),
  configuration: parseConfigurationState,
  event: parseEvent,
}
export type BoardKind = keyof typeof KINDS
export type BoardObject<K extends BoardKind> = NonNullable<ReturnType<(typeof KINDS)[K]>>

export function parseBoardObject<K extends BoardKind>(
  kind: K,
  object: unknown,
): BoardObject<K> | undefined {
  return KINDS[kind](object) as BoardObject<K> | undefined
}
