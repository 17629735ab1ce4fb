/** The Prometheus operator's CustomResourceDefinitions, of its module at the Go module proxy. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, locked } from '../lab/cache.ts'
import { goToolchain } from '../lab/go-toolchain.ts'
import { must } from '../lab/processes.ts'
import { step } from '../lab/progress.ts'

const MODULE = 'github.com/prometheus-operator/prometheus-operator'
const VERSION = 'v0.75.0'
const KINDS = ['servicemonitors', 'podmonitors', 'prometheusrules']

/** Their files, fetched once. */
export function operatorCrds(): Promise<readonly string[]> {
  const folder = join(CACHE, `prometheus-operator-${VERSION}`)
  const files = KINDS.map((kind) => `monitoring.coreos.com_${kind}.yaml`)
  const paths = files.map((file) => join(folder, file))
  return locked('prometheus-operator', async () => {
    if (paths.every((path) => existsSync(path))) return paths
    await step(`fetching definitions of the Prometheus operator ${VERSION}`, async () => {
      const { go, env } = await goToolchain()
      const download = [go, 'mod', 'download', '-json', `${MODULE}@${VERSION}`]
      const { Dir } = JSON.parse(await must(download, { env })) as { Dir: string }
      mkdirSync(folder, { recursive: true })
      for (const file of files) {
        copyFileSync(join(Dir, 'example/prometheus-operator-crd', file), join(folder, file))
      }
    })
    return paths
  })
}
