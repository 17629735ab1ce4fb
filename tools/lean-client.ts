/**
 * An esbuild plugin: of client-node only what is used goes into a bundle. Its package.json does not say that
 * to import a file of it does nothing else, so esbuild would keep the classes of every Kubernetes kind: 11 MiB
 * of memory in each program.
 */
import type { Plugin } from 'esbuild'

const CLIENT = '@kubernetes/client-node'
/** Marks our own question to esbuild. */
const ASKED = {}

export const leanClient: Plugin = {
  name: 'lean-client',
  setup(build) {
    build.onResolve({ filter: /^\.|^@kubernetes\/client-node$/ }, async (args) => {
      const { path, importer, resolveDir, kind } = args
      const concerns = path === CLIENT || importer.includes(`/node_modules/${CLIENT}/dist/`)
      if (!concerns || args.pluginData === ASKED) return undefined
      const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: ASKED })
      return found.errors.length > 0 ? undefined : { path: found.path, sideEffects: false }
    })
  },
}
