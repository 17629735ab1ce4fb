/**
 * Makes the image's /app: the sources bundled, one file an entry point, and the two native modules
 * with nothing but what they need at run time.
 *
 *   node tools/bundle.ts FOLDER
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildPage } from './page.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const [folder = join(ROOT, 'dist')] = process.argv.slice(2)

const ENTRIES = {
  controller: 'src/controller/main.ts',
  speaker: 'src/speaker/main.ts',
  // Beside the speaker: src/speaker/thread-url.ts finds them there.
  'gossip-thread': 'src/speaker/gossip-thread.ts',
  'packet-thread': 'src/speaker/packet-thread.ts',
  // Beside both: src/adapters/metrics-server.ts starts it.
  'self-signed-process': 'src/adapters/self-signed-process.ts',
}

/** Native modules cannot be bundled: what they need at run time is copied, by package. */
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  koffi: ['package.json', 'index.js', 'index.cjs', 'indirect.js', 'indirect.cjs', 'lib', 'src'],
  [`@koromix/koffi-linux-${process.arch}`]: ['.'],
  'raw-socket': ['package.json', 'index.js', 'build/Release/raw.node'],
}

await build({
  entryPoints: Object.entries(ENTRIES).map(([out, entry]) => ({ out, in: join(ROOT, entry) })),
  outdir: folder,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  external: Object.keys(NATIVE),
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  // Some dependencies are CommonJS and ask for Node's own modules by require.
  banner: {
    js: "import { createRequire as bundledRequire } from 'node:module'; const require = bundledRequire(import.meta.url);",
  },
})

// Beside the controller, which serves it (src/controller/main.ts).
await buildPage(join(folder, 'page'))

for (const [name, files] of Object.entries(NATIVE)) {
  for (const file of files) {
    const to = join(folder, 'node_modules', name, file)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(ROOT, 'node_modules', name, file), to, { recursive: true })
  }
}
writeFileSync(join(folder, 'package.json'), '{ "type": "module", "name": "bellwether" }\n')

// Proof that nothing was left behind.
const require = createRequire(join(folder, 'package.json'))
for (const name of ['koffi', 'raw-socket']) require(name)
