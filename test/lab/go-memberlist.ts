/** The program test/netns/go-memberlist: a member that is hashicorp's own. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CACHE, locked } from './cache.ts'
import { goToolchain } from './go-toolchain.ts'
import { must } from './processes.ts'
import { step } from './progress.ts'

const SOURCES = fileURLToPath(new URL('../netns/go-memberlist', import.meta.url))

/** Path of the binary, built where the cache has none of these sources. */
export async function goMemberlist(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(SOURCES, file)))
  const binary = join(CACHE, `go-memberlist-${hash.digest('hex').slice(0, 12)}`)
  await locked('go-memberlist', async () => {
    if (existsSync(binary)) return
    // The toolchain may have to be fetched, which Kubernetes' build does under this lock.
    const { go, env } = await locked('kubernetes', goToolchain)
    await step('building a member of hashicorp/memberlist', async () => {
      const options = { cwd: SOURCES, env: { ...env, CGO_ENABLED: '0' } }
      const flags = ['-trimpath', '-buildvcs=false']
      await must([go, 'build', ...flags, '-o', `${binary}.building`, '.'], options)
      renameSync(`${binary}.building`, binary)
    })
  })
  return binary
}
