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
import { parseArgs } from 'node:util'
import { makeImage, projectImage, pushImage } from './images.ts'
import { Lab } from './lab.ts'
import { ensureLabPackages } from './packages.ts'

async function main(): Promise<void> {
  const [verb, ...rest] = process.argv.slice(2)
  switch (verb) {
    case 'up': {
      const lab = new Lab(parseOptions(rest))
      await lab.up()
      console.log(`export KUBECONFIG=${lab.kubeconfig}`)
      return
    }
    case 'down':
      return new Lab().down()
    case 'status':
      return console.log(new Lab().status())
    case 'exec':
      return exec(rest)
    case 'image':
      await ensureLabPackages()
      return console.log(`${projectImage()}: ${await makeImage()}`)
    case 'push':
      await ensureLabPackages()
      return pushImage(rest[0] ?? '')
    default:
      throw new Error('usage: cli.ts up | down | status | exec HOST COMMAND… | image | push NAME')
  }
}

function parseOptions(args: string[]): ConstructorParameters<typeof Lab>[0] {
  const { values } = parseArgs({
    args,
    options: { nodes: { type: 'string', default: '3' }, 'proxy-mode': { type: 'string' } },
  })
  const proxyMode = values['proxy-mode'] === 'iptables' ? 'iptables' : 'nftables'
  return { nodes: Number(values.nodes), proxyMode }
}

/** On the caller's terminal, so that a shell in a host is one to work in. */
function exec([host, ...command]: string[]): void {
  if (host === undefined || command.length === 0) throw new Error('exec: HOST and CMD expected')
  const line = command.length === 1 ? (command[0] ?? '') : command
  const [file = '', ...args] = new Lab().commandIn(host, line)
  const { status, error } = spawnSync(file, args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  process.exitCode = status ?? 1
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
