/** Builds images without a daemon or a registry, in a store of the project's own. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE } from './cache.ts'
import { removeTree } from './mounts.ts'
import { must, regardless, run } from './processes.ts'

const STORE = join(CACHE, 'buildah')
/** Of one boot: buildah notes there what it has mounted. */
const RUN = '/run/bellwether-buildah'

const buildah = (...args: string[]): string[] => [
  'buildah',
  ...['--root', STORE, '--runroot', RUN, '--storage-driver', 'overlay'],
  ...args,
]

/** Where short names such as `node:24` lead, as with Docker; Debian's buildah has no opinion. */
function environment(): { CONTAINERS_REGISTRIES_CONF: string } {
  mkdirSync(STORE, { recursive: true })
  const path = join(STORE, 'registries.conf')
  writeFileSync(path, 'unqualified-search-registries = ["docker.io"]\n')
  return { CONTAINERS_REGISTRIES_CONF: path }
}

/**
 * Builds an image named `name` from a Dockerfile. Layers that are known are not built again, unless it is to be
 * `anew`. No clock is in the image: what is built of the same files has the same digest.
 */
export async function build(
  name: string,
  dockerfile: string,
  context: string,
  { anew = false } = {},
): Promise<void> {
  // Working containers of a build that was killed.
  await run(buildah('rm', '--all'))
  const how = ['--isolation', 'chroot', '--layers', '--force-rm', '--pull-never', '--timestamp=0']
  const what = ['--tag', name, '--file', dockerfile, context]
  await must(buildah('bud', ...how, ...(anew ? ['--no-cache'] : []), ...what), {
    env: environment(),
  })
  await prune()
}

/** How many images of former sources are kept for their layers: some 100 MB each. */
const KEPT = 30

/** Forgets layers that no name leads to, once there are many: the next build makes some anew. */
async function prune(): Promise<void> {
  const dangling = await must(buildah('images', '--quiet', '--filter', 'dangling=true'))
  if (dangling.split('\n').length > KEPT) await must(buildah('rmi', '--prune'))
}

export async function exists(name: string): Promise<boolean> {
  return (await run(buildah('inspect', '--type', 'image', name))).code === 0
}

/** Of an image that is in the store, `sha256:…`. */
export async function digestOf(name: string): Promise<string> {
  const format = ['--type', 'image', '--format', '{{.FromImageDigest}}']
  return (await must(buildah('inspect', ...format, name))).trim()
}

/** Forgets a name; what nothing else leads to goes with it. */
export async function forget(name: string): Promise<void> {
  await must(buildah('rmi', name))
}

/** Tries to get an image from its registry. Gives up soon where none can be reached. */
export async function pull(name: string): Promise<boolean> {
  const registry = name.slice(0, name.indexOf('/'))
  const reachable = fetch(`https://${registry}/v2/`, { signal: AbortSignal.timeout(4000) })
  if (!(await reachable.then(Boolean, () => false))) return false
  const command = buildah('pull', '--retry', '0', name)
  return (await run(command, { env: environment(), timeoutMs: 300_000 })).code === 0
}

/** Writes an image as a docker-archive, which appears only when it is complete. */
export async function save(name: string, tar: string): Promise<void> {
  const partial = `${tar}.partial`
  rmSync(partial, { force: true })
  await must(buildah('push', name, `docker-archive:${partial}:${name}`), { env: environment() })
  renameSync(partial, tar)
}

/** Sends an image to the registry that `target` names. */
export async function push(name: string, target: string): Promise<void> {
  await must(buildah('push', name, `docker://${target}`), { env: environment() })
}

/** Runs `work` with an empty folder for a build's context, and removes it. One at a time. */
export async function withContext<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(CACHE, 'context')
  // Of a build that was killed.
  await removeTree(folder)
  mkdirSync(folder, { recursive: true })
  try {
    return await work(folder)
  } finally {
    await regardless(() => removeTree(folder))
  }
}
