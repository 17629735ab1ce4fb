/** Objects of the API, reduced to what reports look at beyond what allocation and election do. */
import * as z from 'zod'
import { configurationStateStatus } from '../config/configuration-state.ts'
import { ADDRESS_CONFLICT } from '../config/service-l2-status.ts'
import type { Node } from '../config/model.ts'
import { parseNode } from '../config/node.ts'
import type { Labels } from '../config/selector.ts'

const labels = z.record(z.string(), z.string()).default({})
const optional = <T>(what: z.ZodType<T>) => what.nullish().transform((value) => value ?? undefined)

/** As `schema` has it, or undefined. */
const parser =
  <In, Out>(schema: z.ZodType<In>, change: (parsed: In) => Out) =>
  (object: unknown): Out | undefined => {
    const parsed = schema.safeParse(object)
    return parsed.success ? change(parsed.data) : undefined
  }

export interface NodeObject extends Node {
  /** Condition Ready is True; a node that says nothing of it counts as ready. */
  readonly ready: boolean
  /** InternalIPs. */
  readonly addresses: readonly string[]
}

const nodeStatus = z.object({
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
    })
    .prefault({}),
})

export function parseNodeObject(object: unknown): NodeObject | undefined {
  const node = parseNode(object)
  const status = nodeStatus.safeParse(object).data?.status
  if (!node) return undefined
  return {
    ...node,
    ready: !status?.conditions.some((it) => it.type === 'Ready' && it.status !== 'True'),
    addresses: (status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP')
      .map(({ address }) => address),
  }
}

export const parseNamespace = parser(
  z.object({ metadata: z.object({ name: z.string(), labels }) }),
  ({ metadata }): readonly [string, Labels] => [metadata.name, metadata.labels],
)

export interface PoolObject {
  readonly name: string
  readonly annotations: Labels
  /** Addresses kept for the names of Services that are gone. */
  readonly kept: readonly {
    readonly service: string
    readonly addresses: readonly string[]
    readonly until: string
  }[]
  /** What the controller says of its use, where that has reached a step of bellwether.io/warn-at-usage. */
  readonly usageHigh: string | undefined
}

export const parsePoolObject = parser(
  z.object({
    metadata: z.object({ name: z.string(), annotations: labels }),
    status: z
      .object({
        kept: z
          .array(
            z.object({ service: z.string(), addresses: z.array(z.string()), until: z.string() }),
          )
          .catch([]),
        conditions: z
          .array(
            z.object({ type: z.string(), status: z.string(), message: z.string().default('') }),
          )
          .catch([]),
      })
      .optional(),
  }),
  ({ metadata, status }): PoolObject => ({
    ...metadata,
    kept: status?.kept ?? [],
    usageHigh: status?.conditions.find((it) => it.type === 'UsageHigh' && it.status === 'True')
      ?.message,
  }),
)

/** A pod of the controller or of a speaker. */
export interface PodObject {
  readonly name: string
  readonly component: 'controller' | 'speaker'
  /** '' while it has none. */
  readonly node: string
  readonly ready: boolean
  /** Why it is not: `CrashLoopBackOff: …`, `Pending`. */
  readonly trouble: string | undefined
  readonly restarts: number
  readonly args: readonly string[]
  readonly images: readonly string[]
}

const containerState = z
  .object({
    waiting: optional(z.object({ reason: optional(z.string()), message: optional(z.string()) })),
    terminated: optional(z.object({ reason: optional(z.string()) })),
  })
  .prefault({})

const pod = z.object({
  metadata: z.object({ name: z.string(), labels, deletionTimestamp: optional(z.string()) }),
  spec: z
    .object({
      nodeName: optional(z.string()),
      containers: z
        .array(
          z.object({
            image: z.string().default(''),
            args: z.array(z.string()).nullish(),
            command: z.array(z.string()).nullish(),
          }),
        )
        .default([]),
    })
    .prefault({}),
  status: z
    .object({
      phase: z.string().default('Unknown'),
      reason: optional(z.string()),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
      containerStatuses: z
        .array(z.object({ restartCount: z.number().default(0), state: containerState }))
        .nullish(),
    })
    .prefault({}),
})

/** As our manifests label them, and as MetalLB's chart does. */
const componentOf = (all: Labels): string | undefined =>
  all['component'] ?? all['app.kubernetes.io/component']

/** Undefined for all other pods. */
export function parsePod(object: unknown): PodObject | undefined {
  const parsed = pod.safeParse(object)
  if (!parsed.success) return undefined
  const { metadata, spec, status } = parsed.data
  const component = componentOf(metadata.labels)
  if (component !== 'controller' && component !== 'speaker') return undefined
  const ready = (status.conditions ?? []).some((it) => it.type === 'Ready' && it.status === 'True')
  const containers = status.containerStatuses ?? []
  const [stopped] = containers.flatMap(({ state }) => {
    const { reason, message } = state.waiting ?? { reason: state.terminated?.reason, message: '' }
    return reason === undefined ? [] : [message ? `${reason}: ${message}` : reason]
  })
  const leaving = metadata.deletionTimestamp === undefined ? undefined : 'it is being deleted'
  const why = leaving ?? stopped ?? status.reason
  return {
    name: metadata.name,
    component,
    node: spec.nodeName ?? '',
    ready,
    trouble: ready ? undefined : (why ?? (status.phase === 'Running' ? 'not ready' : status.phase)),
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    args: spec.containers.flatMap((it) => [...(it.command ?? []), ...(it.args ?? [])]),
    images: spec.containers.map(({ image }) => image),
  }
}

/** Who announces a Service, as the owner itself tells; what MetalLB's do not tell is absent. */
export interface L2Status {
  /** `namespace/name`. */
  readonly service: string
  readonly node: string
  /** Empty: all that qualify. */
  readonly interfaces: readonly string[]
  /** When the object was made, RFC 3339; '' where not known. */
  readonly created: string
  /** RFC 3339. */
  readonly since: string | undefined
  readonly why: string | undefined
  readonly takeover:
    | {
        readonly cause: string
        readonly from: string | undefined
        /** Longest time nobody can have answered. */
        readonly outageMs: number | undefined
      }
    | undefined
  /** What its condition AddressConflict says, while another host uses an address of it too. */
  readonly conflict: string | undefined
}

const l2Status = z.object({
  metadata: z.object({ creationTimestamp: z.string().default('') }).prefault({}),
  status: z.object({
    node: z.string(),
    serviceName: z.string(),
    serviceNamespace: z.string(),
    interfaces: z.array(z.object({ name: z.string().default('') })).nullish(),
    since: optional(z.string()).catch(undefined),
    why: optional(z.string()).catch(undefined),
    takeover: optional(
      z.object({
        cause: z.string(),
        from: optional(z.string()),
        outageMs: optional(z.number()),
      }),
    ).catch(undefined),
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), message: z.string() }))
      .catch([]),
  }),
})

export const parseL2Status = parser(l2Status, ({ metadata, status }): L2Status => ({
  service: `${status.serviceNamespace}/${status.serviceName}`,
  node: status.node,
  interfaces: (status.interfaces ?? []).map(({ name }) => name).filter((name) => name !== ''),
  created: metadata.creationTimestamp,
  since: status.since,
  why: status.why,
  takeover: status.takeover,
  conflict: status.conditions.find((it) => it.type === ADDRESS_CONFLICT && it.status === 'True')
    ?.message,
}))

export interface ConfigurationState {
  /** `controller`, `speaker-<node>`. */
  readonly name: string
  readonly result: 'Valid' | 'Invalid' | 'Unknown'
  /** All errors, one a line. */
  readonly errorSummary: string
}

export const parseConfigurationState = parser(
  z.object({
    metadata: z.object({ name: z.string() }),
    status: configurationStateStatus.pick({ result: true, errorSummary: true }).prefault({}),
  }),
  ({ metadata, status }): ConfigurationState => ({
    name: metadata.name,
    result: status.result ?? 'Unknown',
    errorSummary: status.errorSummary ?? '',
  }),
)

/** Said of a Service by the controller or a speaker. */
export interface ServiceEvent {
  /** `namespace/name`. */
  readonly service: string
  readonly type: string
  readonly reason: string
  readonly message: string
  /** When it was last said, RFC 3339; '' where not known. */
  readonly at: string
}

const time = optional(z.string())
const event = z.object({
  involvedObject: z.object({ kind: z.literal('Service'), namespace: z.string(), name: z.string() }),
  type: z.string().default('Normal'),
  reason: z.string().default(''),
  message: z.string().default(''),
  lastTimestamp: time,
  eventTime: time,
  firstTimestamp: time,
  series: optional(z.object({ lastObservedTime: time })),
})

export const parseEvent = parser(event, (parsed): ServiceEvent => {
  const { involvedObject: about, type, reason, message } = parsed
  const at =
    parsed.series?.lastObservedTime ??
    parsed.lastTimestamp ??
    parsed.eventTime ??
    parsed.firstTimestamp
  return { service: `${about.namespace}/${about.name}`, type, reason, message, at: at ?? '' }
})
