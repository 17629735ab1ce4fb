/** What an event is about. */
import type { KubeObject } from '../../ports/cluster.ts'
import type { Resource } from '../../ports/cluster.ts'
import type { EventSubject } from './events.ts'

/** Objects in a list carry no kind of their own: the resource tells. */
export function subjectOf(object: KubeObject, resource: Resource): EventSubject {
  const { group, version, kind } = resource
  return {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    namespace: object.metadata.namespace ?? 'default',
    name: object.metadata.name,
    uid: object.metadata.uid ?? '',
  }
}
