/** In which order Services are looked at: a defined one, so that no result depends on a map's. */
import type { KubeObject } from '../ports/cluster.ts'
import type { Service } from '../core/config/model.ts'

/** A Service as followed, and as parsed. */
export interface Known {
  readonly object: KubeObject
  readonly service: Service
}

/** Those that have an address first, then the older, then by name. */
export function byPrecedence(a: Known, b: Known): number {
  return (
    Number(b.service.ingress.length > 0) - Number(a.service.ingress.length > 0) ||
    compare(created(a), created(b)) ||
    compare(a.service.key, b.service.key)
  )
}

const created = ({ object }: Known): string => object.metadata.creationTimestamp ?? ''

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
