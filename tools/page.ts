/**
 * Makes the dashboard's files from src/page/: a script, a style sheet, the page and its icon.
 *
 *   node tools/page.ts FOLDER
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const PAGE = join(ROOT, 'src/page')

/** Paths of the files that went into it, below the root of the tree. */
export async function buildPage(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const { metafile } = await build({
    absWorkingDir: ROOT,
    // As src/page/tsconfig.json, of which not all is where the image is built.
    tsconfigRaw: { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'preact' } },
    metafile: true,
    entryPoints: [join(PAGE, 'app.tsx'), join(PAGE, 'style.css')],
    outdir: resolve(folder),
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
  })
  for (const name of ['index.html', 'icon.svg']) copyFileSync(join(PAGE, name), join(folder, name))
  return Object.keys(metafile.inputs)
}

if (import.meta.main) await buildPage(process.argv[2] ?? 'dist/page')
