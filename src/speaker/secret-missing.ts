/** The secret is missing: the speaker ends, but people are to find out without reading its log. */
import type { EventRecorder } from '../adapters/kube/events.ts'
import { subjectOf } from '../adapters/kube/subject.ts'
import type { Clock } from '../ports/clock.ts'
import type { Cluster } from '../ports/cluster.ts'
import { PODS } from '../ports/resources.ts'

/** The API is there, or it is not: then standard error must do. */
const LIMIT_MS = 2000

export interface SecretMissing {
  readonly namespace: string
  /** This speaker's. */
  readonly pod: string
  readonly node: string
  readonly message: string
}

/** Records the event on the speaker's pod. Resolves when it is written, or soon; never rejects. */
export async function tellSecretMissing(
  { namespace, pod, message }: SecretMissing,
  cluster: Cluster,
  recorder: EventRecorder,
  clock: Clock,
): Promise<void> {
  const tell = async () => {
    const object = await cluster.get(PODS, { namespace, name: pod })
    recorder.record(subjectOf(object, PODS), 'Warning', 'GossipSecretMissing', message)
    await recorder.flush()
  }
  const limit = new Promise<void>((resolve) => clock.after(LIMIT_MS, resolve))
  await Promise.race([tell().catch(() => undefined), limit])
}
