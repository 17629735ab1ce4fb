/** Images of the same name for what can't be pulled: built from Debian, npm and Kubernetes' source. */
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { agnhost } from './binaries.ts'
import { build, exists, withContext } from './buildah.ts'
import { AGNHOST_IMAGE, NGINX_IMAGE, NODE_IMAGE, PAUSE_IMAGE } from './image-names.ts'
import { removeTree } from './mounts.ts'
import { must, run } from './processes.ts'
import { DEBIAN_RELEASE } from './versions.ts'

interface Recipe {
  /** A stand-in that it is built on. */
  readonly on?: string
  /** Makes what the image needs in an empty folder; returns the Dockerfile. */
  prepare(folder: string): Promise<string> | string
}

const DEBIAN_IMAGE = `localhost/bellwether-lab/debian:${DEBIAN_RELEASE}`
const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt'

const RECIPES: Readonly<Record<string, Recipe>> = {
  [PAUSE_IMAGE]: { prepare: pause },
  [AGNHOST_IMAGE]: { prepare: agnhostImage },
  [NGINX_IMAGE]: { on: DEBIAN_IMAGE, prepare: nginx },
  [NODE_IMAGE]: { on: DEBIAN_IMAGE, prepare: node },
  [DEBIAN_IMAGE]: { prepare: debian },
}

/** Builds the stand-in for `name` in buildah's store. */
export async function buildStandIn(name: string): Promise<void> {
  const recipe = RECIPES[name]
  if (recipe === undefined) throw new Error(`no stand-in for ${name}`)
  if (recipe.on !== undefined && !(await exists(recipe.on))) await buildStandIn(recipe.on)
  await withContext(async (folder) => {
    const dockerfile = await recipe.prepare(folder)
    writeFileSync(join(folder, 'Dockerfile'), dockerfile)
    await build(name, join(folder, 'Dockerfile'), folder)
  })
}

/** The process that holds a pod's namespaces: it waits. */
async function pause(folder: string): Promise<string> {
  const source = '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n'
  await must(['gcc', '-xc', '-Os', '-s', '-static', '-o', join(folder, 'pause'), '-'], {
    input: source,
  })
  return 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n'
}

async function agnhostImage(folder: string): Promise<string> {
  copyFileSync(await agnhost(), join(folder, 'agnhost'))
  return 'FROM scratch\nCOPY agnhost /agnhost\nENTRYPOINT ["/agnhost"]\nCMD ["pause"]\n'
}

function nginx(): string {
  return `FROM ${DEBIAN_IMAGE}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/www/html/* \\
 && cp /usr/share/nginx/html/index.html /var/www/html/ \\
 && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]
`
}

/** Node as the official image has it: under /usr/local, with npm, and the headers for native modules. */
async function node(folder: string): Promise<string> {
  const prefix = dirname(dirname(process.execPath))
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'include'))
  copyFileSync(process.execPath, join(folder, 'bin/node'))
  cpSync(join(prefix, 'include/node'), join(folder, 'include/node'), { recursive: true })
  // From the registry: the machine's own npm may be spread over many packages.
  await must(['npm', 'pack', '--silent', '--pack-destination', folder, 'npm@11'])
  await must(['sh', '-c', 'mkdir npm && tar -xzf npm-*.tgz --strip-components=1 -C npm'], {
    cwd: folder,
  })
  return `FROM ${DEBIAN_IMAGE}
COPY bin/node /usr/local/bin/node
COPY include/node /usr/local/include/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \\
 && useradd --uid 1000 --user-group --create-home --shell /bin/bash node
ENV npm_config_nodedir=/usr/local NODE_EXTRA_CA_CERTS=${CA_BUNDLE}
CMD ["node"]
`
}

/** A minimal Debian that trusts whom this machine trusts. */
async function debian(folder: string): Promise<string> {
  const root = join(folder, 'root')
  const bootstrap = ['debootstrap', '--variant=minbase', '--include=ca-certificates']
  await must([...bootstrap, DEBIAN_RELEASE, root, ...(await debianMirror())])
  // As the official slim images do.
  const ballast = ['var/cache/apt/archives/*.deb', 'var/lib/apt/lists/*', 'usr/share/locale/*']
  const manuals = ['usr/share/doc/*', 'usr/share/man/*', 'usr/share/info/*']
  await must(['sh', '-c', `rm -rf ${[...ballast, ...manuals].join(' ')}`], { cwd: root })
  copyFileSync(CA_BUNDLE, join(root, CA_BUNDLE))
  const special = ['--exclude=./proc/*', '--exclude=./sys/*', '--exclude=./dev/*']
  await must(['tar', '-C', root, ...special, '-cf', join(folder, 'root.tar'), '.'])
  await removeTree(root)
  return 'FROM scratch\nADD root.tar /\nCMD ["bash"]\n'
}

/** The mirror this machine uses, if it is a Debian; else debootstrap knows one. */
async function debianMirror(): Promise<string[]> {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian']
  const { stdout } = await run(['apt-get', 'indextargets', ...format]).catch(() => ({ stdout: '' }))
  return stdout
    .split('\n')
    .filter((uri) => /\/debian\/?$/.test(uri))
    .slice(0, 1)
}
