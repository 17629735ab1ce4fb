/**
 * Makes the dashboard's files from src/page/: a script, a style sheet, the page and its icon.
 *
 *   node tools/page.ts FOLDER
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const PAGE = fileURLToPath(new URL('../src/page/', import.meta.url))

export async function buildPage(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [join(PAGE, 'app.tsx'), join(PAGE, 'style.css')],
    outdir: folder,
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    tsconfig: join(PAGE, 'tsconfig.json'),
    legalComments: 'none',
    logLevel: 'warning',
  })
  for (const name of ['index.html', 'icon.svg']) copyFileSync(join(PAGE, name), join(folder, name))
}

if (import.meta.main) await buildPage(process.argv[2] ?? 'dist/page')
