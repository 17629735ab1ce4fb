/** The Kubernetes API: credentials are `@kubernetes/client-node`'s, HTTP is undici's, the rest is thin. */
import { KubeConfig } from '@kubernetes/client-node'
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
} from '../../ports/cluster.ts'
import type { Log } from '../../ports/log.ts'
import { systemClock } from '../clock.ts'
import { ApiTrouble } from './api-trouble.ts'
import { Http, PATIENCE } from './http.ts'
import type { Patience } from './http.ts'
import { collectionPath, objectPath } from './paths.ts'
import { Reflection } from './reflection.ts'
import { Reflector } from './reflector.ts'

/** Credentials of the pod's service account, or those of KUBECONFIG where that is set. */
export function connectCluster(log: Log): KubeCluster {
  const config = new KubeConfig()
  config.loadFromDefault()
  return new KubeCluster(config, log)
}

export class KubeCluster implements Cluster {
  readonly #config: KubeConfig
  readonly #log: Log
  readonly #http: Http
  readonly #trouble: ApiTrouble
  /** By how long they wait for an answer. */
  readonly #impatient = new Map<number, KubeCluster>()

  constructor(config: KubeConfig, log: Log, patience: Patience = PATIENCE) {
    this.#config = config
    this.#log = log
    this.#http = new Http(config, patience)
    this.#trouble = new ApiTrouble(systemClock, log)
  }

  /** For calls of which each is soon given up, on connections of their own: the same for the same time. */
  impatient(answerMs: number): Pick<Cluster, 'get' | 'create' | 'update'> {
    const known = this.#impatient.get(answerMs)
    if (known) return known
    const made = new KubeCluster(this.#config, this.#log, { ...PATIENCE, answerMs })
    this.#impatient.set(answerMs, made)
    return made
  }

  follow(
    resource: Resource,
    { keep, ...scope }: FollowScope,
    onChange: (change: Change, followed: Followed) => void,
    signal: AbortSignal,
  ): Followed {
    const reflection = new Reflection(resource, onChange, keep)
    const deps = { http: this.#http, clock: systemClock, trouble: this.#trouble }
    const reflector = new Reflector(deps, reflection, scope, signal)
    // Not at once: who asks for a refresh right away is answered by the first list.
    queueMicrotask(() => void reflector.run())
    return reflection
  }

  get(resource: Resource, ref: Ref): Promise<KubeObject> {
    return this.#call({ method: 'GET', path: objectPath(resource, ref) })
  }

  async list(resource: Resource, { namespace, ...query }: Scope): Promise<KubeObject[]> {
    const path = collectionPath(resource, namespace)
    const page = (await this.#http.call({ method: 'GET', path, query: { ...query } })) as {
      items: KubeObject[]
    }
    return page.items
  }

  create(resource: Resource, object: NewObject): Promise<KubeObject> {
    const path = collectionPath(resource, object.metadata.namespace)
    return this.#call({ method: 'POST', path, body: object })
  }

  update(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.#call({ method: 'PUT', path: objectPath(resource, object.metadata), body: object })
  }

  updateStatus(resource: Resource, object: KubeObject): Promise<KubeObject> {
    const path = objectPath(resource, object.metadata, 'status')
    return this.#call({ method: 'PUT', path, body: object })
  }

  patch(
    resource: Resource,
    ref: Ref,
    patch: object,
    { subresource, applyAs }: PatchOptions = {},
  ): Promise<KubeObject> {
    const path = objectPath(resource, ref, subresource)
    if (applyAs === undefined) {
      const contentType = 'application/merge-patch+json'
      return this.#call({ method: 'PATCH', path, body: patch, contentType })
    }
    const { group, version, kind } = resource
    const apiVersion = group === '' ? version : `${group}/${version}`
    return this.#call({
      method: 'PATCH',
      path,
      query: { fieldManager: applyAs, force: 'true' },
      // JSON is YAML.
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion, kind, metadata: { name: ref.name, namespace: ref.namespace }, ...patch },
    })
  }

  /** Judges the object as if it were created, by the webhooks too, and stores nothing. */
  async tryCreate(resource: Resource, object: NewObject): Promise<void> {
    const path = collectionPath(resource, object.metadata.namespace)
    await this.#call({ method: 'POST', path, query: { dryRun: 'All' }, body: object })
  }

  /** Of the API server, such as `v1.34.4`. */
  async version(): Promise<string> {
    const info = (await this.#http.call({ method: 'GET', path: '/version' })) as object
    return 'gitVersion' in info ? String(info.gitVersion) : 'unknown'
  }

  async delete(resource: Resource, ref: Ref): Promise<void> {
    await this.#call({ method: 'DELETE', path: objectPath(resource, ref) })
  }

  async #call(call: Parameters<Http['call']>[0]): Promise<KubeObject> {
    return (await this.#http.call(call)) as KubeObject
  }
}
