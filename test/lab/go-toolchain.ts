/** A Go that can build Kubernetes: the machine's, or a newer one that it fetches itself. */
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE } from './cache.ts'
import { ensurePackages } from './packages.ts'
import { must, run } from './processes.ts'
import { step } from './progress.ts'
import { GO_MINIMUM, GO_VERSION } from './versions.ts'

export interface GoToolchain {
  readonly go: string
  readonly env: Readonly<Record<string, string>>
}

/** The `go` of PATH if it is new enough, else one from the module proxy, by way of Debian's. */
export async function goToolchain(): Promise<GoToolchain> {
  const version = await goVersion('go')
  if (version !== undefined && version >= GO_MINIMUM) return { go: 'go', env: {} }
  const root = join(CACHE, `go-${GO_VERSION}`)
  const env = { GOROOT: root, GOTOOLCHAIN: 'local' }
  const go = join(root, 'bin/go')
  if (existsSync(go)) return { go, env }
  await step(`fetching Go ${GO_VERSION}`, async () => {
    if (version === undefined) await ensurePackages(['golang-go'])
    await fetchToolchain(root)
  })
  return { go, env }
}

/** Minor version of a go command, or undefined where there is none. */
async function goVersion(go: string): Promise<number | undefined> {
  const { stdout } = await run([go, 'version']).catch(() => ({ stdout: '' }))
  const minor = /go1\.(\d+)/.exec(stdout)?.[1]
  return minor === undefined ? undefined : Number(minor)
}

/** The proxy serves toolchains as a module; a Go that knows nothing of that can fetch it as one. */
async function fetchToolchain(root: string): Promise<void> {
  const arch = (await must(['go', 'env', 'GOARCH'])).trim()
  const module = `golang.org/toolchain@v0.0.1-go${GO_VERSION}.linux-${arch}`
  const { Dir } = JSON.parse(await must(['go', 'mod', 'download', '-json', module])) as {
    Dir: string
  }
  const copy = `${root}.copying`
  rmSync(copy, { recursive: true, force: true })
  cpSync(Dir, copy, { recursive: true })
  // Module files are never executable (go.dev/doc/toolchain): the go command sets these bits itself.
  for (const folder of ['bin', `pkg/tool/linux_${arch}`]) {
    for (const file of readdirSync(join(copy, folder))) chmodSync(join(copy, folder, file), 0o755)
  }
  await must(['mv', copy, root])
}
