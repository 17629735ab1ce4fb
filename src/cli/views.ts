/** The speakers' own views, got through a port-forward each, all at once. */
import type { Look } from '../core/report/look.ts'
import type { PodObject } from '../core/report/objects.ts'
import type { SpeakerViews } from '../core/report/snapshot.ts'
import { parseSpeakerView } from '../core/report/speaker-view.ts'
import type { SpeakerView } from '../core/report/speaker-view.ts'
import { PODS } from '../ports/resources.ts'
import { rightTo, whyNot } from './asking.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Connection } from './connection.ts'

/** Where a speaker shows what it knows, on the loopback of its node. */
const PORT = 17472
const PATH = '/debug/view'
/** A speaker answers in milliseconds; a node that is gone does not at all. */
const PATIENCE_MS = 5000

/** `pods`: of the speakers. */
export function speakerViews(
  connection: Connection,
  pods: readonly PodObject[],
): Promise<SpeakerViews> {
  const signal = AbortSignal.timeout(Math.min(PATIENCE_MS, connection.requestTimeoutMs))
  return Promise.all(
    pods.map(async ({ name, node }) => ({
      node: node === '' ? name : node,
      view: await viewOf(connection, name, signal),
    })),
  )
}

async function viewOf(
  { pages, metallbNamespace: namespace }: Connection,
  name: string,
  signal: AbortSignal,
): Promise<Look<SpeakerView>> {
  try {
    return parseSpeakerView(JSON.parse(await pages.get({ namespace, name }, PORT, PATH, signal)))
  } catch (error) {
    // One that cannot be reached is no reason not to ask the others.
    if (error instanceof ApiError && error.status === 0) return { unseen: error.message }
    if (error instanceof SyntaxError) return { unseen: `its view is no JSON: ${error.message}` }
    const forward = { ...PODS, plural: 'pods/portforward' }
    return { unseen: whyNot(error, rightTo('create', forward, namespace)) }
  }
}
