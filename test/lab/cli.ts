/**
 * The lab from the shell:
 *
 *   node test/lab/cli.ts up [--nodes 3] [--proxy-mode nftables|iptables]
 *   node test/lab/cli.ts down | status
 *   node test/lab/cli.ts exec HOST COMMAND…     (one word: a line for the shell)
 *   node test/lab/cli.ts image | push NAME
 *
 * LAB=prefix in the environment is for a lab beside the first one, whose prefix is `bw`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { makeImage, projectImage, pushImage } from './images.ts'
import { orCleanUp } from './interruption.ts'
import { Lab } from './lab.ts'
import { ensureLabPackages } from './packages.ts'
import { needRoot } from './processes.ts'
import { namespace } from './topology.ts'

const VERBS: Readonly<Record<string, (args: string[]) => Promise<void> | void>> = {
  async up(args) {
    const lab = new Lab(parseOptions(args))
    await lab.up()
    console.log(`export KUBECONFIG=${lab.kubeconfig}`)
  },
  down: () => new Lab().down(),
  status: () => console.log(new Lab().status()),
  exec,
  image: () => building(async () => console.log(`${projectImage()}: ${await makeImage()}`)),
  push([target]) {
    if (target === undefined) throw new Error('push: the name to push to expected')
    return building(() => pushImage(target))
  },
}

function parseOptions(args: string[]): ConstructorParameters<typeof Lab>[0] {
  const { values } = parseArgs({
    args,
    options: {
      nodes: { type: 'string', default: '3' },
      'proxy-mode': { type: 'string', default: 'nftables' },
    },
  })
  const nodes = Number(values.nodes)
  if (!(Number.isInteger(nodes) && nodes >= 1 && nodes <= 90)) {
    throw new Error(`--nodes: 1 to 90 expected, got ${values.nodes}`)
  }
  const proxyMode = values['proxy-mode']
  if (proxyMode !== 'nftables' && proxyMode !== 'iptables') {
    throw new Error(`--proxy-mode: nftables or iptables expected, got ${proxyMode}`)
  }
  return { nodes, proxyMode }
}

function building(work: () => Promise<void>): Promise<void> {
  needRoot()
  return orCleanUp(async () => {
    await ensureLabPackages()
    await work()
  })
}

/** On the caller's terminal, so that a shell in a host is one to work in. */
function exec([host, ...command]: string[]): void {
  if (host === undefined || command.length === 0) throw new Error('exec: HOST and CMD expected')
  const line = command.length === 1 ? (command[0] ?? '') : command
  const lab = new Lab()
  if (!existsSync(`/var/run/netns/${namespace(lab.prefix, host)}`)) {
    throw new Error(`there is no host ${host} in lab ${lab.prefix}: ${lab.status()}`)
  }
  const [file = '', ...args] = lab.commandIn(host, line)
  const { status, error } = spawnSync(file, args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  process.exitCode = status ?? 1
}

try {
  const [verb = '', ...args] = process.argv.slice(2)
  const command = VERBS[verb]
  if (command === undefined) throw new Error(`one of ${Object.keys(VERBS).join(', ')} expected`)
  await command(args)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
