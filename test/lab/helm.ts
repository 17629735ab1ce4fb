/** Helm: the machine's, or built through the Go module proxy. */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CACHE, locked } from './cache.ts'
import { goToolchain } from './go-toolchain.ts'
import { must, run } from './processes.ts'
import { step } from './progress.ts'
import { HELM_VERSION } from './versions.ts'

export const CHART = fileURLToPath(new URL('../../charts/bellwether', import.meta.url))

/** Path of `helm`, built where neither the machine nor the cache has one. */
export async function helmBinary(): Promise<string> {
  const { stdout } = await run(['helm', 'version', '--short']).catch(() => ({ stdout: '' }))
  if (stdout.startsWith(`${HELM_VERSION.split('.').slice(0, 2).join('.')}.`)) return 'helm'
  const folder = join(CACHE, `helm-${HELM_VERSION}`)
  await locked('helm', async () => {
    if (existsSync(folder)) return
    // The toolchain may have to be fetched, which Kubernetes' build does under this lock.
    const { go, env } = await locked('kubernetes', goToolchain)
    const building = `${folder}.building`
    mkdirSync(building, { recursive: true })
    await step(
      `building Helm ${HELM_VERSION} from source`,
      async () => {
        const version = `-X helm.sh/helm/v3/internal/version.version=${HELM_VERSION}`
        const flags = ['-trimpath', '-buildvcs=false', '-ldflags', `-s -w ${version}`]
        await must([go, 'install', ...flags, `helm.sh/helm/v3/cmd/helm@${HELM_VERSION}`], {
          env: { ...env, CGO_ENABLED: '0', GOBIN: building },
        })
        renameSync(building, folder)
      },
      'about 3 min the first time',
    )
  })
  return join(folder, 'helm')
}
