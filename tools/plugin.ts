/**
 * Makes the kubectl plugin: one file that needs Node and nothing else, and around it a package for npm.
 *
 *   node tools/plugin.ts FOLDER
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { SCRIPTS } from '../src/cli/completion.ts'
import { leanClient } from './lean-client.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Some dependencies are CommonJS and ask for Node's own modules by require. */
export const REQUIRE =
  "import { createRequire as bundledRequire } from 'node:module'; const require = bundledRequire(import.meta.url);"

/** `file`: the path of kubectl-bellwether. */
export async function bundlePlugin(file: string): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'src/cli/main.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    plugins: [leanClient],
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
  })
  chmodSync(file, 0o755)
}

/** The folder as `npm publish` takes it. */
export async function makePackage(folder: string): Promise<void> {
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
    license: string
    engines: object
  }
  mkdirSync(folder, { recursive: true })
  await bundlePlugin(join(folder, 'kubectl-bellwether'))
  const completion = join(folder, 'kubectl_complete-bellwether')
  writeFileSync(completion, SCRIPTS.kubectl)
  chmodSync(completion, 0o755)
  const names = ['kubectl-bellwether', 'kubectl_complete-bellwether']
  const { version, license, engines } = own
  const description = 'kubectl bellwether: where every address is, and why'
  const manifest = {
    name: 'kubectl-bellwether',
    version,
    description,
    license,
    type: 'module',
    engines,
    bin: Object.fromEntries(names.map((name) => [name, name])),
    files: names,
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  copyFileSync(join(ROOT, 'docs/plugin.md'), join(folder, 'README.md'))
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
}

if (import.meta.main) await makePackage(process.argv[2] ?? join(ROOT, 'dist/plugin'))
