/** Whether a Service is one that an address is given to at all, and whether anybody is there to do it. */
import type { Service } from '../config/model.ts'
import { problemText } from '../config/problems.ts'
import type { Context } from './context.ts'
import type { PodObject } from './objects.ts'
import type { Snapshot } from './snapshot.ts'
import { broken, few, ok, unknown, warning } from './step.ts'
import type { Step } from './step.ts'

export const objectOf = ({ key }: Pick<Service, 'key'>): string => `Service/${key}`

/** Where one of these is broken nothing else of the chain is looked at. */
export function serviceSteps({ snapshot }: Context, service: Service): Step[] {
  return [typeStep(service), classStep(snapshot, service)]
}

function typeStep(service: Service): Step {
  const { type, clusterIPs } = service
  if (type !== 'LoadBalancer') {
    const remedy = `set spec.type of Service ${service.key} to LoadBalancer`
    const text = `its type is ${type}: only a LoadBalancer is given an address`
    return broken('type', text, objectOf(service), remedy)
  }
  if (clusterIPs.length === 0) {
    const remedy = `make Service ${service.key} anew without clusterIP: None`
    const text = 'it has no cluster IP: a headless Service is given no address'
    return broken('type', text, objectOf(service), remedy)
  }
  return ok('type', 'LoadBalancer')
}

function classStep({ flags, unseen }: Snapshot, service: Service): Step {
  const { loadBalancerClass: its } = service
  const { loadBalancerClass: ours } = flags
  if (unseen.pods !== undefined && its !== undefined) return unknown('class', unseen.pods)
  if (its === ours) {
    return ok('class', its === undefined ? 'none, which is ours' : `${its}, which is ours`)
  }
  const wanted = ours === undefined ? 'no class (no --lb-class)' : `class ${ours} (--lb-class)`
  const text =
    its === undefined
      ? `it has no class; we serve ${wanted}`
      : `its class ${its} is not ours; we serve ${wanted}`
  const remedy =
    ours === undefined
      ? `make Service ${service.key} anew without spec.loadBalancerClass: it cannot be changed`
      : `make Service ${service.key} anew with spec.loadBalancerClass: ${ours}, which cannot be changed`
  return broken('class', text, objectOf(service), remedy)
}

/** `served`: the Service has what it needs of the component; then its trouble is no more than a warning. */
export function configurationStep({ snapshot }: Context, served: boolean): Step {
  const { problems, configurationStates, unseen } = snapshot
  const name = 'configuration'
  const verdict = served ? warning : broken
  const refusing = configurationStates.filter(({ result }) => result === 'Invalid')
  const lines = [
    ...problems.map((problem) => problemText(problem)),
    ...refusing.flatMap(({ errorSummary }) => errorSummary.split('\n')),
  ]
  const [first] = new Set(lines.filter((line) => line !== ''))
  if (first !== undefined) {
    const by = few(refusing.map((it) => it.name)) || 'what was read here'
    const object = problems[0]?.where ?? /^([A-Z]\w+\/[^\s:]+)/.exec(first)?.[1]
    return verdict(
      name,
      `invalid by ${by}: until it is mended, what was good before stays in use`,
      object ?? `ConfigurationState/${refusing[0]?.name ?? ''}`,
      `mend ${first}`,
      [...new Set(lines)],
    )
  }
  if (refusing.length > 0) {
    const object = `ConfigurationState/${refusing[0]?.name ?? ''}`
    return verdict(name, 'it is invalid', object, `look at ${object}`)
  }
  const missing = unseen.pools ?? unseen.l2Advertisements ?? unseen.configurationStates
  if (missing !== undefined) return unknown(name, missing)
  const who = configurationStates.filter(({ result }) => result === 'Valid').length
  return ok(name, who > 0 ? `valid, and in use by ${who} components` : 'valid')
}

export function controllerStep({ snapshot }: Context, served: boolean): Step {
  const { pods, unseen, namespace } = snapshot
  const name = 'controller'
  if (unseen.pods !== undefined) return unknown(name, unseen.pods)
  const controllers = pods.filter(({ component }) => component === 'controller')
  const ready = controllers.filter((pod) => pod.ready)
  if (ready.length > 0) return ok(name, `${ready.length} of ${controllers.length} pods ready`)
  const [pod] = controllers
  const text = pod ? `no pod of it is ready: ${pod.trouble ?? ''}` : 'there is no pod of it'
  const remedy = pod
    ? startRemedy(pod, namespace)
    : `start the controller: kubectl -n ${namespace} get deployment controller tells why it has no pod`
  const verdict = served ? warning : broken
  return verdict(name, text, `Deployment/${namespace}/controller`, remedy)
}

export const startRemedy = ({ name, component, node }: PodObject, namespace: string): string =>
  `get the ${component}${component === 'speaker' ? ` of node ${node}` : ''} to run: ` +
  `kubectl -n ${namespace} describe pod ${name} and logs ${name} tell what keeps it`
