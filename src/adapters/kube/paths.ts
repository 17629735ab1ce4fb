/** Paths of the Kubernetes API. */
import type { Ref, Resource } from '../../ports/cluster.ts'

/** Of a kind: in one namespace, or in all (also for kinds that have none). */
export function collectionPath(resource: Resource, namespace?: string): string {
  const { group, version, plural } = resource
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}

export function objectPath(resource: Resource, ref: Ref, subresource?: 'status'): string {
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}
