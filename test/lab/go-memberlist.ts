/** The programs of test/netns/go-memberlist: members that are hashicorp's own. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CACHE, locked } from './cache.ts'
import { goToolchain } from './go-toolchain.ts'
import { must } from './processes.ts'
import { step } from './progress.ts'

const SOURCES = fileURLToPath(new URL('../netns/go-memberlist', import.meta.url))

/** Path of a member that does what it is told. */
export const goMemberlist = (): Promise<string> => program('go-memberlist', '.')

/** Path of what stands in for MetalLB's speaker. */
export const metallbSpeaker = (): Promise<string> => program('metallb-speaker', 'metallb-speaker')

/** Built where the cache has none of these sources. */
async function program(name: string, folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const file of [join(folder, 'main.go'), 'go.mod', 'go.sum']) {
    hash.update(readFileSync(join(SOURCES, file)))
  }
  const binary = join(CACHE, `${name}-${hash.digest('hex').slice(0, 12)}`)
  await locked(name, async () => {
    if (existsSync(binary)) return
    // The toolchain may have to be fetched, which Kubernetes' build does under this lock.
    const { go, env } = await locked('kubernetes', goToolchain)
    await step(`building ${name}`, async () => {
      const options = { cwd: SOURCES, env: { ...env, CGO_ENABLED: '0' } }
      const flags = ['-trimpath', '-buildvcs=false']
      await must([go, 'build', ...flags, '-o', `${binary}.building`, `./${folder}`], options)
      renameSync(`${binary}.building`, binary)
    })
  })
  return binary
}
