/**
 * ServiceL2Status objects as they should be, and the calls that make them so. As in MetalLB the
 * owner keeps the one object of its Service and removes those of others; a speaker that is not the
 * owner removes only its own, and, where there is no owner, those of nodes that are lost.
 */
import {
  ADDRESS_CONFLICT,
  NODE_LABEL,
  SERVICE_NAMESPACE_LABEL,
  SERVICE_NAME_LABEL,
  labelledService,
} from '../core/config/service-l2-status.ts'
import type { Taken } from '../core/election/takeover.ts'
import type { KubeObject, NewObject } from '../ports/cluster.ts'
import { SERVICE_L2_STATUSES } from '../ports/resources.ts'
import type { Conflict } from './rival-words.ts'

/** What this node announces of one Service. */
export interface Announced {
  /** `namespace/name`. */
  readonly service: string
  /** Empty: on all interfaces. */
  readonly interfaces: readonly string[]
  /** Of its first address; absent: not known. */
  readonly taken?: Taken | undefined
  readonly why?: string
  /** Others use an address of it too. */
  readonly conflict?: Conflict
}

export type StatusCall =
  | { readonly kind: 'create'; readonly announced: Announced }
  | { readonly kind: 'update'; readonly object: KubeObject; readonly announced: Announced }
  | { readonly kind: 'delete'; readonly object: KubeObject }

/**
 * `objects`: the ServiceL2Status objects of one Service. `announced`: absent if not the owner. `isLost`:
 * true of a node that has no speaker any more, where nobody else would remove what it left.
 */
export function planStatus(
  self: string,
  announced: Announced | undefined,
  objects: readonly KubeObject[],
  isLost: (node: string | undefined) => boolean = () => false,
): StatusCall[] {
  const own = objects.filter((object) => nodeOf(object) === self).sort(byName)
  if (!announced) {
    const left = objects.filter((object) => nodeOf(object) !== self && isLost(nodeOf(object)))
    return [...own, ...left].map((object) => ({ kind: 'delete', object }))
  }
  const [kept, ...doubles] = own
  const strangers = objects.filter((object) => nodeOf(object) !== self)
  const calls: StatusCall[] = [...doubles, ...strangers].map((object) => ({
    kind: 'delete',
    object,
  }))
  if (!kept) calls.unshift({ kind: 'create', announced })
  else if (!isExact(kept, self, announced)) {
    calls.unshift({ kind: 'update', object: kept, announced })
  }
  return calls
}

/** `namespace/name` of the Service that a status object is about, by its labels. */
export const serviceOf = ({ metadata: { labels } }: KubeObject): string => labelledService(labels)

export function newStatus(self: string, namespace: string, announced: Announced, owner: object) {
  const [serviceNamespace = '', serviceName = ''] = announced.service.split('/')
  return {
    apiVersion: `${SERVICE_L2_STATUSES.group}/${SERVICE_L2_STATUSES.version}`,
    kind: SERVICE_L2_STATUSES.kind,
    metadata: {
      namespace,
      generateName: 'l2-',
      labels: {
        [NODE_LABEL]: self,
        [SERVICE_NAME_LABEL]: serviceName,
        [SERVICE_NAMESPACE_LABEL]: serviceNamespace,
      },
      ownerReferences: [owner],
    },
    spec: {},
  } satisfies NewObject
}

/** As a merge patch: null takes off what an earlier take-over left. A condition that `object` has keeps its time. */
export function statusFields(
  self: string,
  { service, interfaces, why, taken, conflict }: Announced,
  object?: KubeObject,
) {
  const [serviceNamespace = '', serviceName = ''] = service.split('/')
  return {
    node: self,
    serviceName,
    serviceNamespace,
    interfaces: interfaces.map((name) => ({ name })),
    since: taken ? sinceOf(taken) : null,
    why: why ?? null,
    takeover: taken
      ? { cause: taken.cause, from: taken.from ?? null, outageMs: taken.outageMs ?? null }
      : null,
    conditions: conflict
      ? [
          {
            type: ADDRESS_CONFLICT,
            status: 'True',
            ...conflict,
            lastTransitionTime: conflictIn(object)?.lastTransitionTime ?? new Date().toISOString(),
          },
        ]
      : null,
  }
}

interface ToldConflict {
  readonly type: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

function conflictIn(object: KubeObject | undefined): ToldConflict | undefined {
  const status = (object?.['status'] ?? {}) as { readonly conditions?: readonly ToldConflict[] }
  return status.conditions?.find(({ type }) => type === ADDRESS_CONFLICT)
}

const sinceOf = ({ since }: Taken): string => new Date(since).toISOString()

const nodeOf = (object: KubeObject): string | undefined => object.metadata.labels?.[NODE_LABEL]

const byName = (a: KubeObject, b: KubeObject): number =>
  a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0

/**
 * Whether it says so already. What MetalLB has not counts only where it is there: an object that MetalLB
 * left, or whose fields MetalLB's CRD drops, is good as it is. A conflict must be told where it can be; where
 * the CRD drops it the write changes nothing, so that nothing is heard of it and nothing written again.
 */
function isExact(object: KubeObject, self: string, announced: Announced): boolean {
  const wanted = statusFields(self, announced)
  const status = (object['status'] ?? {}) as Partial<typeof wanted>
  const names = (status.interfaces ?? []).map(({ name }) => name).join()
  const isOld = typeof status.since === 'string' && status.since !== wanted.since
  return (
    !isOld &&
    conflictIn(object)?.message === announced.conflict?.message &&
    status.node === self &&
    status.serviceName === wanted.serviceName &&
    status.serviceNamespace === wanted.serviceNamespace &&
    names === announced.interfaces.join()
  )
}
