/** The Kubernetes binaries: the machine's, the cache's, downloaded, or built from source. */
import { chmodSync, createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CACHE, locked } from './cache.ts'
import { buildKubernetes } from './kubernetes-build.ts'
import { must, run } from './processes.ts'
import { step } from './progress.ts'
import { ETCD_VERSION, KUBERNETES_VERSION } from './versions.ts'

const KUBERNETES = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubectl',
] as const
const NAMES = [...KUBERNETES, 'etcd'] as const
export type Binaries = Readonly<Record<(typeof NAMES)[number], string>>

const ARCH = process.arch === 'x64' ? 'amd64' : process.arch
const BUILT = join(CACHE, `kubernetes-${KUBERNETES_VERSION}`)
const DOWNLOADED = join(CACHE, `kubernetes-${KUBERNETES_VERSION}-official`)

/** Paths of all binaries, from the first source that has them. */
export async function binaries(): Promise<Binaries> {
  const have = new Map<string, string>()
  for (const name of NAMES) {
    const path = (await onMachine(name)) ?? inCache(name)
    if (path !== undefined) have.set(name, path)
  }
  if (have.size < NAMES.length) await locked('kubernetes', () => download().catch(build))
  return Object.fromEntries(
    NAMES.map((name) => [name, have.get(name) ?? inCache(name) ?? name]),
  ) as Binaries
}

/** `agnhost`, the test images' Swiss knife: built where its image can't be pulled. */
export async function agnhost(): Promise<string> {
  if (!existsSync(join(BUILT, 'agnhost'))) await locked('kubernetes', build)
  return join(BUILT, 'agnhost')
}

const inCache = (name: string): string | undefined =>
  [BUILT, DOWNLOADED].map((folder) => join(folder, name)).find((path) => existsSync(path))

/** A binary of $KUBEBUILDER_ASSETS or PATH, if it is of the same minor version: others may not fit. */
async function onMachine(name: (typeof NAMES)[number]): Promise<string | undefined> {
  const folders = `${process.env['KUBEBUILDER_ASSETS'] ?? ''}${delimiter}${process.env['PATH'] ?? ''}`
  const path = folders
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
  if (path === undefined) return undefined
  const ask = name === 'kubectl' ? [path, 'version', '--client'] : [path, '--version']
  const { stdout } = await run(ask, { timeoutMs: 10_000 }).catch(() => ({ stdout: '' }))
  const wanted = name === 'etcd' ? ETCD_VERSION.slice(1) : KUBERNETES_VERSION
  const minor = wanted.split('.').slice(0, 2).join('.')
  return stdout.includes(`${minor}.`) ? path : undefined
}

async function build(): Promise<void> {
  if (!existsSync(BUILT)) await buildKubernetes(BUILT)
}

/** Official binaries. Rejects at once where there is no internet. */
async function download(): Promise<void> {
  if (existsSync(BUILT) || existsSync(DOWNLOADED)) return
  const kubernetes = `https://dl.k8s.io/release/${KUBERNETES_VERSION}`
  await fetch(`${kubernetes}/bin/linux/${ARCH}/kubectl.sha256`, {
    signal: AbortSignal.timeout(5000),
  })
  const folder = `${DOWNLOADED}.downloading`
  mkdirSync(folder, { recursive: true })
  await step(`downloading Kubernetes ${KUBERNETES_VERSION}`, async () => {
    for (const name of KUBERNETES) {
      await save(`${kubernetes}/bin/linux/${ARCH}/${name}`, join(folder, name))
    }
    const etcd = `etcd-${ETCD_VERSION}-linux-${ARCH}`
    const releases = 'https://github.com/etcd-io/etcd/releases/download'
    await save(`${releases}/${ETCD_VERSION}/${etcd}.tar.gz`, join(folder, 'etcd.tar.gz'))
    const strip = ['--strip-components=1', `${etcd}/etcd`]
    await must(['tar', '-xzf', join(folder, 'etcd.tar.gz'), '-C', folder, ...strip])
  })
  renameSync(folder, DOWNLOADED)
}

async function save(url: string, path: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(600_000) })
  if (!response.ok || response.body === null) throw new Error(`${url}: ${response.status}`)
  await pipeline(Readable.fromWeb(response.body), createWriteStream(path))
  chmodSync(path, 0o755)
}
