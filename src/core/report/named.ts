/** The Service that somebody means. */
import type { Service } from '../config/model.ts'
import type { Snapshot } from './snapshot.ts'
import { broken, few, unknown } from './step.ts'
import type { Step } from './step.ts'

export type Named = { readonly service: Service } | { readonly step: Step }

/** `asked`: `namespace/name` or a name. `namespace`: where a bare name is looked for; absent: in all. */
export function serviceNamed(snapshot: Snapshot, asked: string, namespace?: string): Named {
  const missing = snapshot.unseen.services
  if (missing !== undefined) return { step: unknown('service', missing) }
  const found = servicesNamed(snapshot, asked, namespace)
  const [service] = found
  if (service && found.length === 1) return { service }
  const balancers = found.filter(({ type }) => type === 'LoadBalancer')
  const [only] = balancers
  if (only && balancers.length === 1) return { service: only }
  const object = `Service/${asked}`
  if (service) {
    const text = `${found.length} Services have that name`
    const remedy = `say which: ${few(found.map(({ key }) => key))}`
    return { step: broken('service', text, object, remedy) }
  }
  const text = `there is no Service ${asked}${namespace === undefined || asked.includes('/') ? '' : ` in namespace ${namespace}`}`
  const remedy = 'correct its namespace or its name: kubectl get services -A lists what there is'
  return { step: broken('service', text, object, remedy) }
}

export function servicesNamed(
  { services }: Snapshot,
  asked: string,
  namespace?: string,
): readonly Service[] {
  const key = asked.includes('/') || namespace === undefined ? asked : `${namespace}/${asked}`
  return key.includes('/')
    ? services.filter((service) => service.key === key)
    : services.filter(({ name }) => name === key)
}
