/**
 * API objects as far as the dashboard shows them: what the other reports read of them, reduced. What does not
 * parse is of an API to come, and passed over.
 */
import * as z from 'zod'
import { ALLOCATED_FROM_POOL } from '../config/annotations.ts'
import { parseService } from '../config/service.ts'
import { EXCLUDE_LABEL } from '../election/candidacy.ts'
import {
  parseConfigurationState,
  parseEvent,
  parseL2Status,
  parseNodeObject,
  parsePod,
} from './objects.ts'

/** `change` of what `parse` makes of it. */
const reduced =
  <T, Out>(parse: (object: unknown) => T | undefined, change: (parsed: T) => Out) =>
  (object: unknown): Out | undefined => {
    const parsed = parse(object)
    return parsed === undefined ? undefined : change(parsed)
  }

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
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') }))
        .default([]),
    })
    .prefault({}),
})

const KINDS = {
  node: reduced(parseNodeObject, ({ name, ready, labels }) => ({
    name,
    ready,
    excluded: Object.hasOwn(labels, EXCLUDE_LABEL),
  })),
  pod: reduced(parsePod, ({ node, ready }) => ({ node, ready })),
  service: reduced(parseService, ({ key, type, loadBalancerClass, ingress, annotations }) => ({
    key,
    balanced: type === 'LoadBalancer',
    loadBalancerClass,
    addresses: ingress,
    pool: annotations[ALLOCATED_FROM_POOL],
  })),
  announcement: parseL2Status,
  pool: reduced(
    (object) => pool.safeParse(object).data,
    ({ metadata, spec, status }) => {
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
    },
  ),
  configuration: parseConfigurationState,
  event: reduced(parseEvent, ({ service, type, reason, message, at }) => ({
    about: service,
    shown: type === 'Warning',
    reason,
    message,
    at,
  })),
}
export type BoardKind = keyof typeof KINDS
export type BoardObject<K extends BoardKind> = NonNullable<ReturnType<(typeof KINDS)[K]>>

export function parseBoardObject<K extends BoardKind>(
  kind: K,
  object: unknown,
): BoardObject<K> | undefined {
  return KINDS[kind](object) as BoardObject<K> | undefined
}
