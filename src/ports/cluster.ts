/**
 * The Kubernetes API as controller and speaker need it. Implemented by adapters/kube (the real one)
 * and test/fakes/cluster.ts; test/contract/cluster.test.ts runs one suite against both.
 */

/** An object as it came: only its metadata is known; `core/config` parses the rest at the edge. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: KubeMeta
  readonly [field: string]: unknown
}

export interface KubeMeta {
  readonly name: string
  readonly namespace?: string
  readonly generateName?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly ownerReferences?: readonly object[]
}

/** An object to be created: name or generateName, the server fills in the rest. */
export type NewObject = Omit<KubeObject, 'metadata'> & {
  readonly metadata: Omit<KubeMeta, 'name'> & { readonly name?: string }
}

/** Where a kind lives in the API. */
export interface Resource {
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

export interface Scope {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** What to follow, and how much of it to remember. */
export interface FollowScope extends Scope {
  /** Only metadata stays in `objects` once a change has been told: for kinds with many objects. */
  readonly keep?: 'metadata'
}

/** Names one object. `namespace` is absent for cluster-scoped kinds. */
export interface Ref {
  readonly namespace?: string
  readonly name: string
}

/** `ns/name`, or `name` for a cluster-scoped object. */
export const keyOf = (object: {
  readonly metadata: { name: string; namespace?: string }
}): string =>
  object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`

/** The followed objects of one kind, as last heard. */
export interface Followed {
  readonly resource: Resource
  /** By `keyOf`. Stays as last heard while the API is away. */
  readonly objects: ReadonlyMap<string, KubeObject>
  /** True from the first complete list on. */
  readonly synced: boolean
  /** The API server does not serve the kind: its definition is not applied, or was deleted. */
  readonly missing: boolean
  /**
   * Resolves when a list has been told that the API server made after this call: what was written before
   * it is known then, even if the watch had died in silence.
   */
  refresh(): Promise<void>
}

export type Change =
  | { readonly kind: 'upsert'; readonly key: string; readonly object: KubeObject }
  /**
   * `object` is the last state known. One that was made again under its name, with another uid, is told as
   * deleted first.
   */
  | { readonly kind: 'delete'; readonly key: string; readonly object: KubeObject }
  /** A list is complete: upserts and deletes of its differences came before it. */
  | { readonly kind: 'synced' }

export interface PatchOptions {
  readonly subresource?: 'status'
  readonly applyAs?: string
}

export interface Cluster {
  /**
   * Lists, then watches until `signal` aborts. Resumes from the last resourceVersion, lists again on
   * 410, backs off on errors, never gives up. `onChange` is called after `objects` was updated.
   */
  follow(
    resource: Resource,
    scope: FollowScope,
    onChange: (change: Change, followed: Followed) => void,
    signal: AbortSignal,
  ): Followed

  /** All calls below reject with ApiError. */
  get(resource: Resource, ref: Ref): Promise<KubeObject>
  list(resource: Resource, scope: Scope): Promise<KubeObject[]>
  create(resource: Resource, object: NewObject): Promise<KubeObject>
  /** Replaces; a stale `metadata.resourceVersion` is a 409. */
  update(resource: Resource, object: KubeObject): Promise<KubeObject>
  /** Replaces the status subresource (metadata changes are taken too for Services). */
  updateStatus(resource: Resource, object: KubeObject): Promise<KubeObject>
  /**
   * JSON merge patch (RFC 7386), of the object or of its status subresource. With `applyAs` it is
   * server-side apply by that field manager: `patch` is all that the manager wants, an object that is
   * not there is made, and fields of other managers are taken over.
   */
  patch(resource: Resource, ref: Ref, patch: object, options?: PatchOptions): Promise<KubeObject>
  delete(resource: Resource, ref: Ref): Promise<void>
}

/** An answer of the API server other than success, or none at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Kubernetes' `reason`, such as `NotFound`, `Conflict`, `AlreadyExists`; '' when there is none. */
  readonly reason: string
  /** How long the server asks to be left alone (429 and 503, `Retry-After`); 0: it does not. */
  readonly retryAfterMs: number
  constructor(
    status: number,
    reason: string,
    message: string,
    options: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(message, options)
    this.status = status
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs ?? 0
  }
}

/** When to try again: not before the server wants it. */
export const retryMs = (error: unknown, ms: number): number =>
  error instanceof ApiError ? Math.max(ms, error.retryAfterMs) : ms
