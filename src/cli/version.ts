/** Which release is what: the plugin, Kubernetes, controller and speakers. */
import { readPart } from '../core/report/snapshot.ts'
import { table } from '../core/report/text.ts'
import { PODS } from '../ports/resources.ts'
import manifest from '../../package.json' with { type: 'json' }
import type { Options } from './arguments.ts'
import { look, lookAtAll } from './asking.ts'
import { connect } from './connection.ts'
import { Failure } from './exit-codes.ts'

export async function versions(options: Options) {
  const plugin = manifest.version
  const cluster = await clusterVersions(options)
  const data = { plugin, ...cluster }
  const text = [table(['PART', 'RELEASE'], Object.entries(data))]
  return { data, text, exit: 0 } as const
}

/** Of a cluster that does not answer it is said why: the plugin's own version is known anyway. */
async function clusterVersions(options: Options): Promise<Record<string, string>> {
  try {
    const { cluster, metallbNamespace: namespace } = connect(options)
    const [kubernetes, pods] = await Promise.all([
      look('get the version of Kubernetes', () => cluster.version()),
      lookAtAll(cluster, PODS, { namespace }).then((found) => readPart('pods', found)),
    ])
    const images = (component: string) => {
      if ('unseen' in pods) return pods.unseen
      const its = pods.seen.filter((pod) => pod.component === component)
      const all = its.flatMap((pod) => pod.images)
      return [...new Set(all)].join(', ') || 'none'
    }
    return {
      kubernetes: 'seen' in kubernetes ? `${kubernetes.seen}` : kubernetes.unseen,
      controller: images('controller'),
      speaker: images('speaker'),
    }
  } catch (error) {
    if (error instanceof Failure) return { cluster: error.message }
    throw error
  }
}
