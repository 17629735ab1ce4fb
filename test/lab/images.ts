/** The images of the lab as docker-archives in the cache, made where they are missing or out of date. */
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, digestOf, exists, forget, pull, push, save } from './buildah.ts'
import { CACHE, locked } from './cache.ts'
import { AGNHOST_IMAGE, NGINX_IMAGE, NODE_IMAGE, PAUSE_IMAGE } from './image-names.ts'
import { step } from './progress.ts'
import { buildStandIn } from './stand-ins.ts'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const ARCHIVES = join(CACHE, 'images')

/** Name of the project's image; it stands in the file IMAGE and nowhere else. */
export const projectImage = (): string => readFileSync(join(REPOSITORY, 'IMAGE'), 'utf8').trim()

/** Archives of all images that the lab's nodes are to know. */
export async function labImages(): Promise<string[]> {
  return locked('images', async () => {
    const archives = [
      await foreignImage(PAUSE_IMAGE),
      await foreignImage(AGNHOST_IMAGE),
      await foreignImage(NGINX_IMAGE),
    ]
    return [...archives, await buildProjectImage()]
  })
}

/** `make image`. */
export const makeImage = (): Promise<string> => locked('images', buildProjectImage)

/** Builds the image `times` times, each with nothing kept of the one before; resolves to their digests. */
export const digestsOfBuilds = (times: number): Promise<string[]> =>
  locked('images', async () => {
    const name = `${projectImage()}-again`
    const digests: string[] = []
    for (let i = 0; i < times; i++) {
      await build(name, join(REPOSITORY, 'Dockerfile'), REPOSITORY, { anew: true })
      digests.push(await digestOf(name))
    }
    await forget(name)
    return digests
  })

/** `make push`: builds, then sends the image to a registry under the name `target`. */
export async function pushImage(target: string): Promise<void> {
  await locked('images', async () => {
    await buildProjectImage()
    await step(`pushing ${target}`, () => push(projectImage(), target))
  })
}

async function foreignImage(name: string): Promise<string> {
  const tar = archive(name, hash([fileURLToPath(new URL('stand-ins.ts', import.meta.url))]))
  if (existsSync(tar)) return tar
  const make = async () => {
    await obtain(name)
    await replaceArchive(name, tar)
  }
  await step(`image ${name}`, make, 'about a minute the first time')
  return tar
}

async function obtain(name: string): Promise<void> {
  if (!(await pull(name))) await buildStandIn(name)
}

/** From the project's Dockerfile, if anything in the build's reach has changed. */
async function buildProjectImage(): Promise<string> {
  const name = projectImage()
  const tar = archive(name, hash(projectFiles()))
  if (existsSync(tar)) return tar
  if (!(await exists(NODE_IMAGE))) await step(`image ${NODE_IMAGE}`, () => obtain(NODE_IMAGE))
  await step(`image ${name} from the Dockerfile`, async () => {
    await build(name, join(REPOSITORY, 'Dockerfile'), REPOSITORY)
    await replaceArchive(name, tar)
  })
  return tar
}

async function replaceArchive(name: string, tar: string): Promise<void> {
  for (const old of globSync(archive(name, '*'))) rmSync(old)
  await save(name, tar)
}

/** What the Dockerfile can see: .dockerignore shuts out all but the paths that it names with a `!`. */
function projectFiles(): string[] {
  const rules = readFileSync(join(REPOSITORY, '.dockerignore'), 'utf8').split('\n')
  const seen = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1))
  const paths = ['Dockerfile', '.dockerignore', ...seen, ...seen.map((path) => `${path}/**`)]
  return globSync(paths, { cwd: REPOSITORY, exclude: (path) => path.endsWith('.test.ts') })
    .map((path) => join(REPOSITORY, path))
    .filter((path) => statSync(path).isFile())
    .sort()
}

function hash(files: readonly string[]): string {
  const digest = createHash('sha256')
  for (const file of files) {
    digest.update(`${relative(REPOSITORY, file)}\0`).update(readFileSync(file))
  }
  return digest.digest('hex').slice(0, 16)
}

function archive(name: string, version: string): string {
  mkdirSync(ARCHIVES, { recursive: true })
  return join(ARCHIVES, `${name.replace(/.*\//, '').replace(':', '_')}-${version}.tar`)
}
