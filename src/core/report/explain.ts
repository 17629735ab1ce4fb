/** The whole chain of one Service, from its spec to the segment, and the one thing to fix. */
import type { Service } from '../config/model.ts'
import { isOurs } from './allocation.ts'
import { addressSteps } from './address-steps.ts'
import {
  advertisementStep,
  candidatesStep,
  endpointsStep,
  interfacesStep,
  policyStep,
} from './candidate-steps.ts'
import { Context } from './context.ts'
import { electionStep, gossipStep, ownerStep, segmentStep, speakersStep } from './owner-steps.ts'
import { serviceNamed } from './named.ts'
import { configurationStep, controllerStep, serviceSteps } from './service-steps.ts'
import type { Snapshot } from './snapshot.ts'
import { fixOf, worst } from './step.ts'
import type { Step } from './step.ts'
import type { Verdict } from './text.ts'

export interface Explanation {
  /** `namespace/name`, or what was asked for where there is none. */
  readonly service: string
  readonly addresses: readonly string[]
  /** The worst of the steps. */
  readonly verdict: Verdict
  readonly steps: readonly Step[]
  /** One line: what to fix, or that there is nothing. */
  readonly advice: string
  /** The object to fix. */
  readonly fix?: string
}

/** `asked`: `namespace/name`, or a name that one Service has. */
export function explain(snapshot: Snapshot, asked: string, namespace?: string): Explanation {
  const found = serviceNamed(snapshot, asked, namespace)
  if ('step' in found) return explanationOf(asked, [], [found.step])
  const { service } = found
  return explanationOf(service.key, service.ingress, stepsOf(new Context(snapshot), service))
}

export function explanationOf(
  service: string,
  addresses: readonly string[],
  steps: readonly Step[],
): Explanation {
  const fix = fixOf(steps)
  const missing = steps.filter(({ verdict }) => verdict === 'unknown').map(({ name }) => name)
  const nothing =
    missing.length === 0
      ? 'nothing to fix'
      : `nothing to fix in what was seen; not seen: ${missing.join(', ')}`
  return {
    service,
    addresses,
    verdict: worst(steps),
    steps,
    advice: fix?.remedy ?? nothing,
    ...(fix && { fix: fix.object }),
  }
}

/** All of the chain that there is. */
export function stepsOf(context: Context, service: Service): Step[] {
  const { snapshot } = context
  const first = serviceSteps(context, service)
  if (!isOurs(snapshot, service) || first.some(({ verdict }) => verdict === 'broken')) return first
  const hasAddress = service.ingress.length > 0
  const announced = context.statuses(service.key).length > 0
  const head = [
    ...first,
    configurationStep(context, hasAddress && announced),
    controllerStep(context, hasAddress),
    ...addressSteps(context, service),
    endpointsStep(context, service),
    policyStep(context, service),
  ]
  const election = context.election(service)
  if (!election) return head
  return [
    ...head,
    advertisementStep(context, service, election),
    ...(election.advertisements.length === 0
      ? []
      : [candidatesStep(context, service, election), ...announcingSteps(context, service)]),
  ]
}

/** Where somebody may announce it. */
function announcingSteps(context: Context, service: Service): Step[] {
  const election = context.election(service)
  if (!election || election.order.length === 0) return []
  return [
    interfacesStep(context, service, election),
    speakersStep(context, election.order),
    electionStep(context, service, election),
    gossipStep(context, service),
    ownerStep(context, service, election),
    segmentStep(context, service),
  ]
}
