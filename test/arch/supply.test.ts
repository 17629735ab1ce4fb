/** What the image is made of: pinned, under licences that allow it, the same bytes wherever it is built. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ALLOWED } from '../../tools/shipped.ts'
import { digestsOfBuilds } from '../lab/images.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const json = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as unknown

test('supply: package.json names exact versions, and the lock file holds them with their hashes', () => {
  const { dependencies, devDependencies } = json('package.json') as Record<
    string,
    Record<string, string>
  >
  const wanted = Object.entries({ ...dependencies, ...devDependencies })
  assert.ok(wanted.length > 10)
  const ranges = wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
  assert.deepEqual(ranges, [])
  const { packages } = json('package-lock.json') as {
    packages: Record<string, { version: string; integrity?: string; resolved?: string }>
  }
  for (const [name, version] of wanted) {
    assert.equal(packages[`node_modules/${name}`]?.version, version, name)
  }
  const locked = Object.entries(packages).filter(([path]) => path !== '')
  assert.deepEqual(
    locked.filter(([, it]) => it.integrity === undefined).map(([path]) => path),
    [],
  )
  assert.deepEqual(
    locked.filter(([, it]) => it.resolved !== undefined).map(([path]) => path),
    [],
  )
})

/** What the Dockerfile sees of the tree, and the packages. */
const seen = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1))
  .concat('node_modules')

/** Two bundles, of the tree and of a copy of it elsewhere. */
let scratch = ''
let bundles: string[] = []

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'bellwether-supply-'))
  const copy = join(scratch, 'a/tree/elsewhere')
  for (const file of seen) cpSync(join(ROOT, file), join(copy, file), { recursive: true })
  bundles = [ROOT, copy].map((tree, i) => {
    const folder = join(scratch, `bundle-${i}`)
    execFileSync(process.execPath, ['tools/bundle.ts', folder], { cwd: tree })
    return folder
  })
})

after(() => rmSync(scratch, { recursive: true, force: true }))

test('supply: two bundles of the same sources in different folders are the same bytes', () => {
  const [one = [], other = []] = bundles.map((folder) =>
    globSync('**', { cwd: folder })
      .filter((path) => statSync(join(folder, path)).isFile())
      .sort(),
  )
  assert.ok(one.includes('controller.js') && one.includes('sbom.json'))
  assert.deepEqual(one, other)
  const [a = '', b = ''] = bundles
  const differing = one.filter(
    (path) => !readFileSync(join(a, path)).equals(readFileSync(join(b, path))),
  )
  assert.deepEqual(differing, [])
})

test('supply: two builds of the image have one digest', async (t) => {
  if (process.env['BELLWETHER_TWO_BUILDS'] !== '1') {
    // Some minutes, as root, with the lab's packages and images in the cache (make image).
    return t.skip('on demand: BELLWETHER_TWO_BUILDS=1')
  }
  const [one, other] = await digestsOfBuilds(2)
  assert.match(one ?? '', /^sha256:/)
  assert.equal(other, one)
})

/** Rows of the table, and the texts after it. */
function licences(folder: string) {
  const report = readFileSync(join(folder, 'THIRD-PARTY-LICENCES'), 'utf8')
  const [table = '', ...texts] = report.split('─'.repeat(80))
  const rows = [...table.matchAll(/^(\S+@\d\S*) +(\S.*)$/gm)].map(
    ([, name = '', licence = '']) => [name, licence] as const,
  )
  return { rows, texts }
}

test('supply: every package in the image has a licence of the allowed list, and its text', () => {
  const { rows, texts } = licences(bundles[0] ?? '')
  assert.ok(rows.length > 20)
  const refused = rows.filter(([, licence]) => !ALLOWED.includes(licence))
  assert.deepEqual(refused, [])
  assert.equal(texts.length, rows.length)
  // Unlicense puts a work in the public domain: there is nothing to be repeated.
  const silent = texts.filter(
    (it) => it.trim().split('\n').length < 5 && !it.includes('(Unlicense)'),
  )
  assert.deepEqual(silent, [])
})

test('supply: the SBOM lists what the licences list, with hashes, and Node', () => {
  const folder = bundles[0] ?? ''
  const bom = JSON.parse(readFileSync(join(folder, 'sbom.json'), 'utf8')) as {
    bomFormat: string
    components: { type: string; name: string; version: string; hashes?: unknown[] }[]
  }
  assert.equal(bom.bomFormat, 'CycloneDX')
  const listed = licences(folder).rows.map(([name]) => name)
  const libraries = bom.components.filter((it) => it.type === 'library')
  assert.deepEqual(libraries.map((it) => `${it.name}@${it.version}`).sort(), listed.sort())
  for (const it of libraries) assert.ok((it.hashes?.length ?? 0) > 0, it.name)
  assert.deepEqual(
    bom.components.filter((it) => it.type === 'platform').map((it) => it.name),
    ['node'],
  )
})

test('supply: the native modules of a bundle for arm64 are for it', (t) => {
  if (process.env['BELLWETHER_ARM64'] !== '1') {
    // Two minutes, and Debian's g++-aarch64-linux-gnu.
    return t.skip('on demand: BELLWETHER_ARM64=1')
  }
  const folder = join(scratch, 'arm64')
  execFileSync(process.execPath, ['tools/bundle.ts', folder, '--arch', 'arm64'], { cwd: ROOT })
  const native = globSync('**/*.node', { cwd: folder })
  assert.equal(native.length, 2)
  for (const path of native) {
    const head = readFileSync(join(folder, path)).subarray(0, 20)
    assert.equal(head.subarray(1, 4).toString(), 'ELF', path)
    // e_machine: EM_AARCH64.
    assert.equal(head.readUInt16LE(18), 183, path)
  }
})
