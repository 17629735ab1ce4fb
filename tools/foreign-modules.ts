/** The packages of the lock file for another processor, with the native one compiled for it. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Debian's cross compilers (g++-aarch64-linux-gnu). */
const COMPILERS: Readonly<Record<string, string>> = { arm64: 'aarch64-linux-gnu' }

/** Returns a folder with a `node_modules`, which the caller removes. */
export function foreignModules(root: string, arch: string): string {
  const compiler = COMPILERS[arch]
  if (compiler === undefined) {
    throw new Error(`--arch: expected ${Object.keys(COMPILERS).join(', ')}, got "${arch}"`)
  }
  const folder = mkdtempSync(join(tmpdir(), `bellwether-${arch}-`))
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
    cpSync(join(root, file), join(folder, file))
  }
  const npm = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    execFileSync('npm', [...argv, '--loglevel=error'], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  npm(['ci', '--omit=dev', '--ignore-scripts', `--cpu=${arch}`, '--os=linux'])
  npm(['rebuild', 'raw-socket'], {
    CC: `${compiler}-gcc`,
    CXX: `${compiler}-g++`,
    npm_config_arch: arch,
    // The headers of this Node: they are the same for all processors.
    npm_config_nodedir: process.env['npm_config_nodedir'] ?? dirname(dirname(process.execPath)),
  })
  return folder
}
