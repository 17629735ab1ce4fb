/** What is wrong now, worst first: each with the object, the reason and the one thing to do. */
import { Context } from './context.ts'
import { isOurs } from './allocation.ts'
import { stepsOf } from './explain.ts'
import { configurationStep, controllerStep, startRemedy } from './service-steps.ts'
import type { Snapshot } from './snapshot.ts'
import { few, fixOf } from './step.ts'
import type { Step } from './step.ts'

export interface Problem {
  /** `broken`: something does not work. `warn`: it may soon not, or not in all places. */
  readonly severity: 'broken' | 'warn'
  /** The object to fix, `IPAddressPool/first`. */
  readonly object: string
  /** One line. */
  readonly reason: string
  readonly remedy: string
  /** Services that suffer by it, `namespace/name`. */
  readonly services: readonly string[]
}

/** `only`: the Services that are looked at, `namespace/name`; absent: all. */
export function problems(snapshot: Snapshot, only?: ReadonlySet<string>): Problem[] {
  return problemsOf(new Context(snapshot), only)
}

export function problemsOf(context: Context, only?: ReadonlySet<string>): Problem[] {
  const found = [
    ...ofServices(context, only),
    ...ofAll(context),
    ...ofSpeakers(context),
    ...ofPools(context),
  ]
  return merged(found).sort(
    (a, b) =>
      Number(b.severity === 'broken') - Number(a.severity === 'broken') ||
      b.services.length - a.services.length ||
      (a.object < b.object ? -1 : a.object > b.object ? 1 : 0),
  )
}

/** Of each Service the one that is to be fixed first. */
function ofServices(context: Context, only?: ReadonlySet<string>): Problem[] {
  const { snapshot } = context
  return snapshot.services
    .filter((service) => isOurs(snapshot, service) && only?.has(service.key) !== false)
    .flatMap((service): Problem[] => {
      const steps = stepsOf(context, service)
      const fix = fixOf(steps)
      const step = steps.find((it) => it.fix === fix)
      if (!fix || !step) return []
      return [{ ...problemOf(step, fix), services: [service.key] }]
    })
}

/** Also where no Service suffers by it. */
const ofAll = (context: Context): Problem[] =>
  [configurationStep(context, true), controllerStep(context, true)].flatMap((step) =>
    step.fix ? [{ ...problemOf(step, step.fix), services: [] }] : [],
  )

const problemOf = (
  { name, verdict, text }: Step,
  { object, remedy }: NonNullable<Step['fix']>,
): Omit<Problem, 'services'> => ({
  severity: verdict === 'broken' ? 'broken' : 'warn',
  object,
  reason: `${name}: ${text}`,
  remedy,
})

/** Each pod of a speaker that is not ready, and what speakers say of themselves. */
function ofSpeakers({ snapshot, words, speakers }: Context): Problem[] {
  const { namespace } = snapshot
  const down = [...speakers.values()].filter(({ ready }) => !ready)
  const nodesDown = new Set(snapshot.nodes.filter(({ ready }) => !ready).map(({ name }) => name))
  const pods = down.map((pod): Problem => {
    const lost = nodesDown.has(pod.node)
    return {
      severity: 'warn',
      object: lost ? `Node/${pod.node}` : `Pod/${namespace}/${pod.name}`,
      reason: lost
        ? `node ${pod.node} is not ready, and so is its speaker`
        : `the speaker of node ${pod.node} is not ready: ${pod.trouble ?? ''}`,
      remedy: lost ? `bring node ${pod.node} back` : startRemedy(pod, namespace),
      services: [],
    }
  })
  const said = [...words.seen].flatMap(([node, view]) =>
    view.problems.map(({ reason, message }): Problem => ({
      severity: 'warn',
      object: `Node/${node}`,
      reason,
      remedy: message,
      services: [],
    })),
  )
  const none: Problem[] =
    speakers.size === 0 && snapshot.unseen.pods === undefined
      ? [
          {
            severity: 'broken',
            object: `DaemonSet/${namespace}/speaker`,
            reason: `there is no speaker in namespace ${namespace}: nothing is announced`,
            remedy: `install the speakers, or name their namespace with --metallb-namespace`,
            services: [],
          },
        ]
      : []
  return [...none, ...pods, ...said]
}

/** Those that have nothing left to give, or soon will not. */
function ofPools({ snapshot, allocation }: Context): Problem[] {
  const usage = allocation.allocator.usage()
  const high = new Map(snapshot.pools.map(({ name, usageHigh }) => [name, usageHigh]))
  return [...usage].flatMap(([name, { available, total }]): Problem[] => {
    const full = ([4, 6] as const).filter(
      (family) => total[family] > 0n && available[family] === 0n,
    )
    const reason =
      full.length > 0 && snapshot.config.pools.get(name)?.autoAssign
        ? `it has no IPv${full.join(' and no IPv')} address left`
        : high.get(name)
    if (reason === undefined) return []
    return [
      {
        severity: 'warn',
        object: `IPAddressPool/${name}`,
        reason,
        remedy: `add addresses to spec.addresses of IPAddressPool ${name}, or delete Services that need none`,
        services: [],
      },
    ]
  })
}

/** `hits 3 Services: a, b, c`; undefined where it is about the one that it hits, or about none. */
export function hitsText({ object, services }: Problem): string | undefined {
  if (services.length === 0 || services.includes(object.replace('Service/', ''))) return undefined
  return `hits ${services.length} Service${services.length > 1 ? 's' : ''}: ${few(services)}`
}

/** What is to be fixed at one object by one remedy is one problem, however many Services it hits. */
function merged(all: readonly Problem[]): Problem[] {
  const byFix = Map.groupBy(all, ({ object, remedy }) => `${object}\n${remedy}`)
  return [...byFix.values()].flatMap((same) => {
    const first = same.find(({ severity }) => severity === 'broken') ?? same[0]
    return first ? [{ ...first, services: [...new Set(same.flatMap((it) => it.services))] }] : []
  })
}
