/** The speakers' own views, got through a port-forward each, all at once. */
import type { Look } from '../core/report/look.ts'
import type { KubeObject } from '../ports/cluster.ts'
import { PODS } from '../ports/resources.ts'
import { rightTo, whyNot } from './asking.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Connection } from './connection.ts'

/** Where a speaker shows what it knows, on the loopback of its node. */
const PORT = 17472
const PATH = '/debug/view'
/** A speaker answers in milliseconds; a node that is gone does not at all. */
const PATIENCE_MS = 5000

export interface RawView {
  readonly node: string
  /** Parsed JSON. */
  readonly view: Look<unknown>
}

/** `pods`: of the speakers. */
export function speakerViews(
  connection: Connection,
  pods: readonly KubeObject[],
): Promise<RawView[]> {
  const signal = AbortSignal.timeout(Math.min(PATIENCE_MS, connection.requestTimeoutMs))
  return Promise.all(
    pods.map(async (pod) => ({ node: nodeOf(pod), view: await viewOf(connection, pod, signal) })),
  )
}

async function viewOf(
  { pages }: Connection,
  { metadata }: KubeObject,
  signal: AbortSignal,
): Promise<Look<unknown>> {
  const { namespace = '', name } = metadata
  try {
    return { seen: JSON.parse(await pages.get({ namespace, name }, PORT, PATH, signal)) }
  } catch (error) {
    // One that cannot be reached is no reason not to ask the others.
    if (error instanceof ApiError && error.status === 0) return { unseen: error.message }
    if (error instanceof SyntaxError) return { unseen: `its view is no JSON: ${error.message}` }
    const forward = { ...PODS, plural: 'pods/portforward' }
    return { unseen: whyNot(error, rightTo('create', forward, namespace)) }
  }
}

const nodeOf = ({ metadata, spec }: KubeObject): string =>
  (spec as { nodeName?: string } | undefined)?.nodeName ?? metadata.name

/** Of a speaker or a controller, as the manifests label them and as MetalLB's chart does. */
export const isComponent = ({ metadata: { labels = {} } }: KubeObject, name: string): boolean =>
  (labels['component'] ?? labels['app.kubernetes.io/component']) === name
