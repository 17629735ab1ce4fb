/**
 * Makes the image's /app: the sources bundled, one file an entry point, and the two native modules
 * with nothing but what they need at run time; THIRD-PARTY-LICENCES and sbom.json say what is in it.
 * The same sources and packages give the same bytes, wherever they are.
 *
 *   node tools/bundle.ts [FOLDER] [--arch arm64]
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { foreignModules } from './foreign-modules.ts'
import { leanClient } from './lean-client.ts'
import { buildPage } from './page.ts'
import { bundlePlugin, REQUIRE } from './plugin.ts'
import { licenceReport, packagesOf, sbom } from './shipped.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { arch: { type: 'string', default: process.arch } },
})
const folder = resolve(positionals[0] ?? join(ROOT, 'dist'))
const { arch } = values
const isForeign = arch !== process.arch
const modules = isForeign ? foreignModules(ROOT, arch) : ROOT

const ENTRIES = {
  controller: 'src/controller/main.ts',
  speaker: 'src/speaker/main.ts',
  // Beside the speaker: src/speaker/thread-url.ts finds them there.
  'gossip-thread': 'src/speaker/gossip-thread.ts',
  'packet-thread': 'src/speaker/packet-thread.ts',
  // Beside both: src/adapters/signing.ts starts it.
  'signing-process': 'src/adapters/signing-process.ts',
}

const SOURCE = /\.(cc|hh|inc|def|S|asm|txt)$/

/** Native modules cannot be bundled: what they need at run time is copied, by package. */
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  koffi: ['package.json', 'index.js', 'index.cjs', 'indirect.js', 'indirect.cjs', 'lib', 'src'],
  // Its `musl_…` is for a C library that the image has not.
  [`@koromix/koffi-linux-${arch}`]: ['package.json', 'index.js', `linux_${arch}`],
  'raw-socket': ['package.json', 'index.js', 'build/Release/raw.node'],
}

const { metafile } = await build({
  // Names in comments are relative to it.
  absWorkingDir: ROOT,
  // Not all of what the sources' own tsconfig.json extends is where the image is built.
  tsconfigRaw: {},
  metafile: true,
  entryPoints: Object.entries(ENTRIES).map(([out, entry]) => ({ out, in: join(ROOT, entry) })),
  outdir: folder,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  external: Object.keys(NATIVE),
  minifySyntax: true,
  // V8 keeps the source: 2 MiB less of it in each program. Names stay as they are, and lines short, for traces.
  minifyWhitespace: true,
  lineLimit: 200,
  legalComments: 'none',
  logLevel: 'warning',
  banner: { js: REQUIRE },
  plugins: [leanClient],
})
await bundlePlugin(join(folder, 'kubectl-bellwether'))

// Beside the controller, which serves it (src/controller/main.ts).
const page = await buildPage(join(folder, 'page'))

for (const [name, files] of Object.entries(NATIVE)) {
  for (const file of files) {
    const to = join(folder, 'node_modules', name, file)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(modules, 'node_modules', name, file), to, {
      recursive: true,
      filter: (path) => !SOURCE.test(path),
    })
  }
}
writeFileSync(join(folder, 'package.json'), '{ "type": "module", "name": "bellwether" }\n')

// nan is compiled into raw-socket.
const native = [...Object.keys(NATIVE), 'nan'].map((name) => join(modules, 'node_modules', name))
const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
const shipped = [...bundled, ...page, ...native.map((path) => relative(ROOT, path))]
const packages = packagesOf(ROOT, shipped)
writeFileSync(join(folder, 'THIRD-PARTY-LICENCES'), licenceReport(packages))
writeFileSync(join(folder, 'sbom.json'), sbom(ROOT, packages))

if (isForeign) rmSync(modules, { recursive: true })
else {
  // Proof that nothing was left behind.
  const require = createRequire(join(folder, 'package.json'))
  for (const name of ['koffi', 'raw-socket']) require(name)
}
