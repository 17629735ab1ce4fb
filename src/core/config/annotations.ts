/** Annotations that a Service's author sets, and the one that the controller sets. */
import type { Labels } from './selector.ts'

const PREFIX = 'metallb.io/'
/** Accepted on the way in for Services written long ago. */
const DEPRECATED_PREFIX = 'metallb.universe.tf/'

/** Pool to take the address from. */
export const ADDRESS_POOL = 'address-pool'
/** One or two addresses asked for, separated by a comma. */
export const LOAD_BALANCER_IPS = 'loadBalancerIPs'
/** Sharing key: Services with equal keys may share an address. */
export const ALLOW_SHARED_IP = 'allow-shared-ip'
/** Written by the controller: the pool that the address came from. */
export const ALLOCATED_FROM_POOL = `${PREFIX}ip-allocated-from-pool`
/** The same as a MetalLB of old wrote it: taken away when the Service is written. */
export const DEPRECATED_ALLOCATED_FROM_POOL = `${DEPRECATED_PREFIX}ip-allocated-from-pool`

/** The new prefix wins by its presence, even where its value is empty. */
export function annotation(annotations: Labels, name: string): string | undefined {
  return annotations[PREFIX + name] ?? annotations[DEPRECATED_PREFIX + name]
}

/** Keys of annotations that the Service's author set under the deprecated prefix. */
export const deprecatedAnnotations = (annotations: Labels): string[] =>
  Object.keys(annotations).filter(
    (key) => key.startsWith(DEPRECATED_PREFIX) && key !== DEPRECATED_ALLOCATED_FROM_POOL,
  )
