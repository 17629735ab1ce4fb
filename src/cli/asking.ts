/** Asking the cluster: what cannot be read is noted with why; who cannot be asked at all ends the plugin. */
import { ApiError } from '../ports/cluster.ts'
import type { Cluster, KubeObject, Resource, Scope } from '../ports/cluster.ts'
import type { Look } from '../core/report/look.ts'
import { CANNOT_ASK, Failure } from './exit-codes.ts'

/** A right as people ask for it: `list services in all namespaces`. */
export function rightTo(verb: string, resource: Resource, namespace?: string, name = ''): string {
  const group = resource.group === '' ? '' : `.${resource.group}`
  const what = `${verb} ${resource.plural}${group}${name === '' ? '' : ` "${name}"`}`
  if (!resource.namespaced) return what
  return `${what} in ${namespace === undefined ? 'all namespaces' : `namespace ${namespace}`}`
}

/** Undefined where there is no such object, or no such kind. */
export async function look<T>(right: string, ask: () => Promise<T>): Promise<Look<T | undefined>> {
  try {
    return { seen: await ask() }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { seen: undefined }
    return { unseen: whyNot(error, right) }
  }
}

/** None where there is no such kind. */
export async function lookAtAll(
  cluster: Pick<Cluster, 'list'>,
  resource: Resource,
  scope: Scope = {},
): Promise<Look<readonly KubeObject[]>> {
  const found = await look(rightTo('list', resource, scope.namespace), () =>
    cluster.list(resource, scope),
  )
  return 'seen' in found ? { seen: found.seen ?? [] } : found
}

/** Throws where there is no use in asking anything else. */
export function whyNot(error: unknown, right: string): string {
  if (!(error instanceof ApiError)) throw error
  switch (error.status) {
    case 0:
      throw new Failure(CANNOT_ASK, `the cluster cannot be asked: ${error.message}`)
    case 401:
      throw new Failure(
        CANNOT_ASK,
        'the cluster does not know you (401): renew the credentials of the kubeconfig',
      )
    case 403:
      return `you may not ${right}`
    default:
      return `${right}: ${error.message}`
  }
}

/** What the command cannot do without. */
export function orFailure<T>(looks: readonly Look<T>[]): readonly T[] {
  const missing = looks.flatMap((it) => ('unseen' in it ? [it.unseen] : []))
  if (missing.length > 0) {
    const remedy =
      'The roles of manifests/plugin-rbac.yaml have all that is needed (docs/plugin.md).'
    throw new Failure(CANNOT_ASK, [...new Set(missing), remedy].join('\n'))
  }
  return looks.flatMap((it) => ('seen' in it ? [it.seen] : []))
}

/** What was seen of it, of that what can be read. */
export const mapLook = <A, B>(look: Look<A>, change: (seen: A) => B): Look<B> =>
  'unseen' in look ? look : { seen: change(look.seen) }
