/** Which npm packages are in the image, under which licences, and what is to be said of them. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Package {
  readonly name: string
  readonly version: string
  /** SPDX expression. */
  readonly licence: string
  /** Of its licence file; where it has none, of the section in its README; else ''. */
  readonly text: string
}

/**
 * What may be shipped: licences that ask for no more than their own text beside the program
 * (test/arch/supply.test.ts holds it).
 */
export const ALLOWED = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
]

/** Packages that these files are of, by name. `files`: paths relative to `root`. */
export function packagesOf(root: string, files: readonly string[]): Package[] {
  const folders = new Set(files.flatMap((file) => folderOf(file) ?? []))
  return [...folders]
    .map((folder) => read(join(root, folder)))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

const key = ({ name, version }: { name: string; version: string }) => `${name}@${version}`

/** `node_modules/a/node_modules/@b/c/d.js` → `node_modules/a/node_modules/@b/c`. */
const folderOf = (file: string): string | undefined =>
  /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]

function read(folder: string): Package {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { name: string; version: string; license?: string }
  // Its parts for each processor leave their licence to koffi itself.
  const home = name.startsWith('@koromix/koffi-') ? join(folder, '../../koffi') : folder
  return { name, version, licence: license ?? 'not told', text: licenceText(home) }
}

function licenceText(folder: string): string {
  const files = globSync('*', { cwd: folder }).filter((it) =>
    /^(licen[cs]e|copying|notice)/i.test(it),
  )
  if (files.length > 0) {
    return files
      .sort()
      .map((file) => readFileSync(join(folder, file), 'utf8').trim())
      .join('\n\n')
  }
  const readme = join(folder, 'README.md')
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : ''
  return /^#+ *licen[cs]e\b.*\n([^]*)/im.exec(text)?.[1]?.trim() ?? ''
}

/** The file THIRD-PARTY-LICENCES: a table, then each text. */
export function licenceReport(packages: readonly Package[]): string {
  const rows = packages.map((it) => `${key(it).padEnd(44)} ${it.licence}`)
  const texts = packages.map((it) => `${'─'.repeat(80)}\n${key(it)} (${it.licence})\n\n${it.text}`)
  return `npm packages that are part of Bellwether, and their licences.\n\n${rows.join('\n')}\n\n${texts.join('\n\n')}\n`
}

interface Bom {
  serialNumber?: string
  readonly metadata: { timestamp?: string; readonly component: { name: string } }
  components: { readonly name: string; readonly version: string; readonly 'bom-ref': string }[]
  dependencies: { readonly ref: string; dependsOn: string[] }[]
}

/**
 * CycloneDX, by npm from the lock file in `root`, of these packages and of Node itself. The same
 * input gives the same bytes: neither a time nor a serial number is in it.
 */
export function sbom(root: string, packages: readonly Package[]): string {
  const argv = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx']
  const output = execFileSync('npm', argv, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
  const bom = JSON.parse(output) as Bom
  delete bom.serialNumber
  delete bom.metadata.timestamp
  // npm takes the folder's name.
  bom.metadata.component.name = 'bellwether'
  const shipped = new Set(packages.map(key))
  const gone = new Set(
    bom.components.filter((it) => !shipped.has(key(it))).map((it) => it['bom-ref']),
  )
  const node = process.versions.node
  bom.components = [
    ...bom.components.filter((it) => !gone.has(it['bom-ref'])),
    { type: 'platform', name: 'node', version: node, 'bom-ref': `node@${node}` } as never,
  ]
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => !gone.has(ref))
    .map((it) => ({ ...it, dependsOn: it.dependsOn.filter((ref) => !gone.has(ref)) }))
  return JSON.stringify(bom, null, 2) + '\n'
}
