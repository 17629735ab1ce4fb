/** Takes a node's addresses away from it, and lets it have them again: by a label that all speakers heed. */
import { NODE_LABEL, labelledService } from '../core/config/service-l2-status.ts'
import { EXCLUDE_LABEL } from '../core/election/candidacy.ts'
import { DRAIN_VALUE } from '../core/report/drain.ts'
import type { DrainPlan, Moving } from '../core/report/drain.ts'
import { paragraph, table } from '../core/report/text.ts'
import type { Text } from '../core/report/text.ts'
import type { KubeObject } from '../ports/cluster.ts'
import { NODES, SERVICE_L2_STATUSES } from '../ports/resources.ts'
import type { Options } from './arguments.ts'
import { look, orFailure, rightTo } from './asking.ts'
import type { Connection } from './connection.ts'
import { Failure, PROBLEM, USAGE, WELL } from './exit-codes.ts'

/** What -o json|yaml prints, and what people read. */
export interface Answer {
  readonly data: object
  readonly text: Text
  readonly exit: typeof WELL | typeof PROBLEM
}

/** Told while it lasts: how many Services the node still has. */
export type Progress = (left: number) => void

type DrainOptions = Pick<Options, 'dryRun' | 'force' | 'timeoutMs'>

/** `plan`: what it means for the node's addresses. Resolves when the node has none any more. */
export async function drain(
  connection: Connection,
  name: string,
  plan: DrainPlan,
  { dryRun, force, timeoutMs }: DrainOptions,
  progress: Progress,
): Promise<Answer> {
  const node = await nodeOf(connection, name)
  const before = node.metadata.labels?.[EXCLUDE_LABEL]
  const { moving, stranded } = plan
  const about = { node: name, moving, stranded }
  const outOfReach =
    stranded.length === 0
      ? []
      : [table(['BY NOBODY ELSE', 'ADDRESSES', 'WHY'], stranded.map(strandedRow))]
  const many = `${moving.length} ${moving.length === 1 ? 'Service' : 'Services'}`
  if (dryRun) {
    const text = [
      paragraph(`${many} would go to other nodes`),
      ...(moving.length > 0 ? [table(['SERVICE', 'ADDRESSES'], moving.map(row))] : []),
      ...outOfReach,
    ]
    const exit = stranded.length > 0 ? PROBLEM : WELL
    return { data: { ...about, dryRun, drained: false }, text, exit }
  }
  if (stranded.length > 0 && !force) {
    const remedy = 'Nothing was changed. Give them endpoints on other nodes, or use --force.'
    const text = [...outOfReach, paragraph(remedy)]
    return { data: { ...about, drained: false }, text, exit: PROBLEM }
  }
  if (before === undefined) await label(connection, name, DRAIN_VALUE)
  const left = await empty(connection, name, timeoutMs, progress)
  if (left.length > 0) {
    const text = [
      table(
        [`STILL ON ${name} AFTER ${timeoutMs / 1000} s`],
        left.map((service) => [service]),
      ),
      paragraph(
        `It stays excluded: see kubectl bellwether explain SERVICE, or undo it by undrain ${name}.`,
      ),
    ]
    return { data: { ...about, drained: false, left }, text, exit: PROBLEM }
  }
  const foreign = before !== undefined && before !== DRAIN_VALUE
  const next = foreign
    ? `It was excluded before, by ${EXCLUDE_LABEL}="${before}": undrain will not undo that.`
    : `When it is to have some again: kubectl bellwether undrain ${name}`
  const text = [paragraph(`${name} has no address any more (${many} moved)`), paragraph(next)]
  return { data: { ...about, drained: true, left }, text, exit: WELL }
}

export async function undrain(
  connection: Connection,
  name: string,
  { dryRun }: Pick<Options, 'dryRun'>,
): Promise<Answer> {
  const node = await nodeOf(connection, name)
  const value = node.metadata.labels?.[EXCLUDE_LABEL]
  const answer = (undrained: boolean, line: string, exit: Answer['exit'] = WELL): Answer => ({
    data: { node: name, undrained, ...(dryRun && { dryRun }) },
    text: [paragraph(line)],
    exit,
  })
  if (value === undefined) return answer(false, `${name} is not drained`)
  if (value !== DRAIN_VALUE) {
    const line = `${name} was not excluded by drain, but by ${EXCLUDE_LABEL}="${value}". If that is over: kubectl label node ${name} ${EXCLUDE_LABEL}-`
    return answer(false, line, PROBLEM)
  }
  if (dryRun) return answer(false, `${name} would be allowed to have addresses again`)
  await label(connection, name, null)
  return answer(true, `${name} may have addresses again; it takes them back when it is settled`)
}

const row = ({ service, addresses }: Moving): string[] => [service, addresses.join(', ')]
const strandedRow = (it: DrainPlan['stranded'][number]): string[] => [...row(it), it.why]

async function nodeOf({ cluster }: Connection, name: string): Promise<KubeObject> {
  const get = () => cluster.get(NODES, { name })
  const [node] = orFailure([await look(rightTo('get', NODES), get)])
  if (!node) throw new Failure(USAGE, `there is no node "${name}"`)
  return node
}

async function label({ cluster }: Connection, name: string, value: string | null): Promise<void> {
  const patch = { metadata: { labels: { [EXCLUDE_LABEL]: value } } }
  orFailure([await look(rightTo('patch', NODES), () => cluster.patch(NODES, { name }, patch))])
}

/** The Services that the node still has when it has none, or when the time is over. */
async function empty(
  { cluster, metallbNamespace: namespace }: Connection,
  node: string,
  timeoutMs: number,
  progress: Progress,
): Promise<string[]> {
  const stop = new AbortController()
  const left = await new Promise<string[]>((resolve) => {
    const ofNode = (objects: Iterable<KubeObject>) =>
      [...objects]
        .filter(({ metadata }) => metadata.labels?.[NODE_LABEL] === node)
        .map(({ metadata }) => labelledService(metadata.labels))
    const followed = cluster.follow(
      SERVICE_L2_STATUSES,
      { namespace },
      (_, { synced, objects }) => {
        const left = ofNode(objects.values())
        if (synced) progress(left.length)
        if (synced && left.length === 0) resolve([])
      },
      stop.signal,
    )
    if (timeoutMs === Infinity) return
    setTimeout(() => resolve(ofNode(followed.objects.values())), timeoutMs).unref()
  })
  stop.abort()
  return left.sort()
}
