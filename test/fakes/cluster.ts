/**
 * The Kubernetes API in memory: objects, versions, watches, and failures on demand. Held to the same
 * suite as the real one (test/contract/cluster.test.ts). More than that one it lets tests create an
 * object with its status, and patch both at once.
 */
import { isDeepStrictEqual } from 'node:util'
import { ApiError, keyOf } from '../../src/ports/cluster.ts'
import type {
  Change,
  Cluster,
  FollowScope,
  Followed,
  KubeObject,
  NewObject,
  PatchOptions,
  Ref,
  Resource,
  Scope,
} from '../../src/ports/cluster.ts'

/** Kinds whose status is written apart from the rest. */
const WITH_STATUS = new Set([
  'services',
  'ipaddresspools',
  'servicel2statuses',
  'configurationstates',
])

interface Follower {
  readonly resource: Resource
  readonly scope: FollowScope
  readonly objects: Map<string, KubeObject>
  readonly tell: (change: Change) => void
}

export class FakeCluster implements Cluster {
  /** `create services default/a`, in order. */
  readonly calls: string[] = []
  /** Answers the next calls with these, before anything happens. */
  readonly failures: ApiError[] = []
  /** Plurals of kinds that it does not serve. */
  readonly unserved = new Set<string>()
  /** While set, calls wait for it. */
  gate: Promise<void> | undefined
  readonly #objects = new Map<string, Map<string, KubeObject>>()
  readonly #followers = new Set<Follower>()
  #version = 0

  follow(
    resource: Resource,
    scope: FollowScope,
    onChange: (change: Change, followed: Followed) => void,
    signal: AbortSignal,
  ): Followed {
    const objects = new Map<string, KubeObject>()
    const listed = Promise.withResolvers<void>()
    // Its watch is never behind: what is known is fresh.
    const missing = this.unserved.has(resource.plural)
    const followed = { resource, objects, synced: false, missing, refresh: () => listed.promise }
    const follower = {
      resource,
      scope,
      objects,
      tell: (change: Change) => onChange(change, followed),
    }
    queueMicrotask(() => {
      if (signal.aborted || missing) return
      this.#followers.add(follower)
      for (const object of [...this.#all(resource).values()]) this.#tell(follower, 'upsert', object)
      followed.synced = true
      follower.tell({ kind: 'synced' })
      listed.resolve()
    })
    signal.addEventListener('abort', () => this.#followers.delete(follower))
    return followed
  }

  async get(resource: Resource, ref: Ref): Promise<KubeObject> {
    await this.#called('get', resource, ref)
    return this.#known(resource, ref)
  }

  async list(resource: Resource, scope: Scope): Promise<KubeObject[]> {
    await this.#called('list', resource, { name: '*' })
    return [...this.#all(resource).values()].filter((object) => inScope(object, scope))
  }

  async create(resource: Resource, object: NewObject): Promise<KubeObject> {
    const { name, generateName } = object.metadata
    const metadata = { ...object.metadata, name: name ?? `${generateName ?? ''}${this.#version}` }
    await this.#called('create', resource, metadata)
    if (this.#all(resource).has(keyOf({ metadata }))) {
      throw new ApiError(
        409,
        'AlreadyExists',
        `${resource.plural} "${metadata.name}" already exists`,
      )
    }
    return this.#store(resource, {
      ...object,
      metadata: { creationTimestamp: CREATED, ...metadata, uid: `u${++this.#version}` },
    })
  }

  async update(resource: Resource, object: KubeObject): Promise<KubeObject> {
    await this.#called('update', resource, object.metadata)
    const { status } = this.#known(resource, object.metadata)
    return this.#replace(
      resource,
      WITH_STATUS.has(resource.plural) ? { ...object, status } : object,
    )
  }

  async updateStatus(resource: Resource, object: KubeObject): Promise<KubeObject> {
    await this.#called('updateStatus', resource, object.metadata)
    const { metadata, status } = object
    const known = this.#known(resource, metadata)
    // Of Services' metadata the real one takes all, of our own kinds' nothing.
    const taken = resource.group === '' ? metadata : { ...known.metadata, ...versionOf(object) }
    return this.#replace(resource, { ...known, metadata: taken, status })
  }

  async patch(
    resource: Resource,
    ref: Ref,
    patch: object,
    options: PatchOptions = {},
  ): Promise<KubeObject> {
    await this.#called('patch', resource, ref)
    if (options.applyAs !== undefined && !this.#all(resource).has(keyOf({ metadata: ref }))) {
      if (options.subresource !== undefined) this.#known(resource, ref)
      const { metadata, ...rest } = patch as NewObject
      return this.create(resource, { ...rest, metadata: { ...metadata, ...ref } })
    }
    const known = this.#known(resource, ref)
    const patched = merge(known, patch) as KubeObject
    const { status } = patched
    return this.#replace(
      resource,
      options.subresource === 'status'
        ? { ...known, status, metadata: { ...known.metadata, ...versionOf(patched) } }
        : patched,
    )
  }

  async delete(resource: Resource, ref: Ref): Promise<void> {
    await this.#called('delete', resource, ref)
    const object = this.#known(resource, ref)
    this.#all(resource).delete(keyOf(object))
    for (const follower of this.#followers) {
      if (follower.resource === resource) this.#tell(follower, 'delete', object)
    }
  }

  async #called(verb: string, resource: Resource, ref: Ref): Promise<void> {
    this.calls.push(`${verb} ${resource.plural} ${keyOf({ metadata: ref })}`)
    const failure = this.failures.shift()
    await this.gate
    if (failure) throw failure
  }

  #all(resource: Resource): Map<string, KubeObject> {
    const objects = this.#objects.get(resource.plural) ?? new Map<string, KubeObject>()
    this.#objects.set(resource.plural, objects)
    return objects
  }

  #known(resource: Resource, ref: Ref): KubeObject {
    const object = this.#all(resource).get(keyOf({ metadata: ref }))
    if (!object) throw new ApiError(404, 'NotFound', `${resource.plural} "${ref.name}" not found`)
    return object
  }

  #replace(resource: Resource, object: KubeObject): KubeObject {
    const known = this.#known(resource, object.metadata)
    const { resourceVersion } = object.metadata
    if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion) {
      throw new ApiError(
        409,
        'Conflict',
        `${resource.plural} "${object.metadata.name}" was changed`,
      )
    }
    const { uid } = known.metadata
    const replaced = {
      ...object,
      metadata: { ...object.metadata, uid, resourceVersion: known.metadata.resourceVersion },
    }
    // What changes nothing is no new version, and no watch hears of it.
    if (isDeepStrictEqual(defined(replaced), defined(known))) return known
    return this.#store(resource, replaced as KubeObject)
  }

  #store(resource: Resource, object: KubeObject): KubeObject {
    const metadata = { ...object.metadata, resourceVersion: `${++this.#version}` }
    const stored = { ...object, metadata }
    this.#all(resource).set(keyOf(stored), stored)
    for (const follower of this.#followers) {
      if (follower.resource === resource) this.#tell(follower, 'upsert', stored)
    }
    return stored
  }

  #tell(follower: Follower, kind: 'upsert' | 'delete', object: KubeObject): void {
    if (!inScope(object, follower.scope)) return
    const key = keyOf(object)
    if (kind === 'upsert') follower.objects.set(key, object)
    else follower.objects.delete(key)
    follower.tell({ kind, key, object })
  }
}

const CREATED = '2026-01-01T00:00:00Z'

const versionOf = ({ metadata: { resourceVersion } }: KubeObject) =>
  resourceVersion === undefined ? {} : { resourceVersion }

/** What JSON keeps of it. */
const defined = (object: object): unknown => JSON.parse(JSON.stringify(object))

/** Selectors as far as we use them: `a=b,c=d`; of fields, metadata's. */
function inScope({ metadata }: KubeObject, scope: Scope): boolean {
  const pairs = (text = '') =>
    text.split(',').flatMap((pair) => (pair === '' ? [] : [pair.split('=') as [string, string]]))
  const fields: Readonly<Record<string, unknown>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
  }
  return (
    (scope.namespace === undefined || metadata.namespace === scope.namespace) &&
    pairs(scope.labelSelector).every(([key, value]) => metadata.labels?.[key] === value) &&
    pairs(scope.fieldSelector).every(([key, value]) => fields[key] === value)
  )
}

/** JSON merge patch (RFC 7386). */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = { ...(target as object | undefined) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
