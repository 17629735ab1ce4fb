/** Which Services may hold one address together (MetalLB internal/allocator, checkSharing). */
import { ALLOW_SHARED_IP, annotation } from '../config/annotations.ts'
import type { Service } from '../config/model.ts'

export interface Sharing {
  /** '' shares with nobody. */
  readonly key: string
  /** Services whose traffic stays local must have the same backends; '' for the policy Cluster. */
  readonly backend: string
  /** `TCP/80`, sorted. */
  readonly ports: readonly string[]
}

/** Without a key nothing else matters. */
export const NOT_SHARED: Sharing = { key: '', backend: '', ports: [] }

export function sharingOf(service: Service): Sharing {
  const key = annotation(service.annotations, ALLOW_SHARED_IP) ?? ''
  if (key === '') return NOT_SHARED
  const selector = Object.entries(service.selector).map(([label, value]) => `${label}=${value}`)
  return {
    key,
    backend: service.externalTrafficPolicy === 'Local' ? selector.sort().join(',') : '',
    ports: service.ports.map(({ protocol, port }) => `${protocol}/${port}`).sort(),
  }
}

/** Why the two may not hold one address together, or undefined if they may. */
export function sharingConflict(holder: Sharing, newcomer: Sharing): string | undefined {
  if (holder.key === '' || newcomer.key === '') return 'not shared (no allow-shared-ip key)'
  if (holder.key !== newcomer.key) {
    return `sharing key "${newcomer.key}" is not its key "${holder.key}"`
  }
  if (holder.backend !== newcomer.backend) {
    return 'externalTrafficPolicy Local needs the same selector on both'
  }
  const ports = newcomer.ports.filter((port) => holder.ports.includes(port))
  return ports.length > 0 ? `port ${ports.join(', ')} is taken` : undefined
}

export const sameSharing = (a: Sharing, b: Sharing): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)
