/**
 * An esbuild plugin: of client-node and undici only what is used goes into a bundle. client-node's package.json
 * does not say that to import a file of it does nothing else, so esbuild would keep the classes of every
 * Kubernetes kind; undici's entry makes all that it has: fetch, caches, web sockets, mocks. 11 and 4 MiB of
 * memory in each program, and a third of the time that a call of the plugin takes to begin.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const CLIENT = '@kubernetes/client-node'

/** Instead of undici's index.js: what client-node and adapters/kube/http.ts import of it. */
const UNDICI = `
const Dispatcher = require('./lib/dispatcher/dispatcher')
Object.assign(Dispatcher.prototype, require('./lib/api'))
module.exports = {
  Agent: require('./lib/dispatcher/agent'),
  ProxyAgent: require('./lib/dispatcher/proxy-agent'),
}
`

/** Instead of all calls of all kinds: the forwarder has them for Services and Deployments, and is asked for pods. */
const NO_CALLS = 'export class AppsV1Api {}; export class CoreV1Api {}'
const FORWARDER = `/node_modules/${CLIENT}/dist/portforward.js`

export const leanClient: Plugin = {
  name: 'lean-client',
  setup(build) {
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: fileURLToPath(import.meta.resolve(CLIENT)),
      sideEffects: false,
    }))
    build.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) => {
      if (!importer.includes(`/node_modules/${CLIENT}/dist/`)) return undefined
      if (importer.endsWith(FORWARDER) && path === './gen/index.js') {
        return { path, namespace: CLIENT, sideEffects: false }
      }
      // Its imports are of whole names. To ask esbuild makes it read a folder of thousands of files each time.
      return { path: join(resolveDir, path), sideEffects: false }
    })
    build.onLoad({ filter: /./, namespace: CLIENT }, () => ({ contents: NO_CALLS }))
    // Its own word for being bundled: without its second parser, which nobody has switched on.
    build.initialOptions.define = { ...build.initialOptions.define, esbuildDetection: 'true' }
    build.onLoad({ filter: /\/node_modules\/undici\/index\.js$/ }, () => ({ contents: UNDICI }))
  },
}
