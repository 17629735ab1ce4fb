/** A namespace that runs the packet thread, and one beside it that asks. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { AnnouncedVip } from '../../src/speaker/messages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import type { HostHears, HostOptions, HostSays } from './packet-host.ts'

export const NODE = `bwp-node-${process.pid}`
export const PEER = `bwp-peer-${process.pid}`
export const NODE_MAC = '02:00:00:00:77:01'

export const inside = (namespace: string, ...argv: string[]): string[] => [
  'nsenter',
  `--net=/var/run/netns/${namespace}`,
  ...argv,
]

export const script = (name: string): string =>
  fileURLToPath(new URL(`./${name}.ts`, import.meta.url))

export async function removeNamespaces(): Promise<void> {
  for (const name of [NODE, PEER]) await run(['ip', 'netns', 'del', name])
}

/** Two namespaces, joined by eth0: 10.77.0.1, fd77::1 is the node, .2 and ::2 the peer. */
export async function createNamespaces(): Promise<void> {
  await removeNamespaces()
  for (const name of [NODE, PEER]) await must(['ip', 'netns', 'add', name])
  await addCable('eth0', NODE_MAC)
  for (const [name, last] of [
    [NODE, 1],
    [PEER, 2],
  ] as const) {
    await must(['ip', '-n', name, 'addr', 'add', `10.77.0.${last}/24`, 'dev', 'eth0'])
    await must(['ip', '-n', name, 'addr', 'add', `fd77::${last}/64`, 'dev', 'eth0', 'nodad'])
  }
}

/** An interface of this name on both sides, up, with its link-local addresses usable at once. */
export async function addCable(name: string, nodeMac: string): Promise<void> {
  const peer = ['peer', 'name', name, 'netns', PEER]
  await must(['ip', '-n', NODE, 'link', 'add', name, 'type', 'veth', ...peer])
  for (const namespace of [NODE, PEER]) {
    await must(inside(namespace, 'sysctl', '-qw', `net.ipv6.conf.${name}.accept_dad=0`))
  }
  await must(['ip', '-n', NODE, 'link', 'set', name, 'address', nodeMac])
  for (const namespace of [NODE, PEER])
    await must(['ip', '-n', namespace, 'link', 'set', name, 'up'])
}

export async function macOfPeer(): Promise<string> {
  const show = await must(['ip', '-n', PEER, '-o', 'link', 'show', 'eth0'])
  return /link\/ether (\S+)/.exec(show)?.[1] ?? assert.fail(show)
}

export async function indexAtPeer(): Promise<string> {
  const show = await must(['ip', '-n', PEER, '-o', 'link', 'show', 'eth0'])
  return /^(\d+):/.exec(show)?.[1] ?? assert.fail(show)
}

/** Frames right after one another, from the peer. */
export async function sendFromPeer(...frames: readonly Uint8Array[]): Promise<void> {
  const hex = frames.map((frame) => Buffer.from(frame).toString('hex'))
  await must(inside(PEER, process.execPath, script('send-frames'), await indexAtPeer(), ...hex))
}

/** One ARP request of the peer is answered by the node, if not at once. */
export async function isAnswered(ip: string): Promise<void> {
  const argv = ['arping', '-c', '1', '-C', '1', '-W', '5', '-i', 'eth0', ip]
  const { stdout } = await run(inside(PEER, ...argv))
  assert.ok(stdout.includes(`from ${NODE_MAC}`), stdout)
}

/** Runs tcpdump in the peer's namespace until it has `count` frames, and `action` meanwhile. Times are Unix'. */
export async function captureAtPeer(
  count: number,
  filter: string,
  action: () => Promise<unknown>,
): Promise<string> {
  const argv = ['tcpdump', '-i', 'eth0', '-l', '-n', '-e', '-v', '-tt', '-c', `${count}`, filter]
  const [file = '', ...args] = inside(PEER, ...argv)
  const child = spawn(file, args)
  const late = setTimeout(() => child.kill(), 30_000)
  const output = text(child.stdout)
  const ended = once(child, 'exit')
  // To be read to its end: tcpdump dies of a closed pipe.
  const listening = new Promise<void>((resolve) => {
    child.stderr.on('data', (said) => String(said).includes('listening') && resolve())
  })
  await Promise.race([listening, ended])
  await action()
  const captured = await output
  await ended
  clearTimeout(late)
  return captured
}

/** The packet thread in the node's namespace. */
export class PacketHost {
  readonly messages: HostSays[] = []
  readonly #child

  constructor(options: HostOptions = {}) {
    const argv = [process.execPath, script('packet-host'), JSON.stringify(options)]
    const [file = '', ...args] = inside(NODE, ...argv)
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    let rest = ''
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.messages.push(...lines.map((line) => JSON.parse(line) as HostSays))
    })
  }

  /** The last message of this kind that `matches`. */
  heard<K extends HostSays['kind']>(
    kind: K,
    matches: (message: Extract<HostSays, { kind: K }>) => boolean = () => true,
    timeoutMs = 10_000,
  ): Promise<Extract<HostSays, { kind: K }>> {
    type Wanted = Extract<HostSays, { kind: K }>
    const isWanted = (message: HostSays): message is Wanted =>
      message.kind === kind && matches(message as Wanted)
    return until(`message ${kind}`, () => this.messages.findLast(isWanted), {
      timeoutMs,
      everyMs: 5,
    })
  }

  get pid(): number {
    return this.#child.pid ?? assert.fail('not started')
  }

  /** 'SIGSTOP' freezes it, 'SIGCONT' lets it go on. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  tell(message: HostHears): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`)
  }

  /** Returns when the thread has taken the table in. */
  async announce(
    vips: readonly (string | AnnouncedVip)[],
    {
      again = false,
      lame = [],
      first = [],
    }: { again?: boolean; lame?: readonly string[]; first?: readonly string[] } = {},
  ): Promise<void> {
    const full = vips.map((vip) =>
      typeof vip === 'string' ? { ip: vip, interfaces: 'all' as const } : vip,
    )
    this.tell({ kind: 'announce', vips: full, lame, first, again })
    await this.counters()
  }

  async counters() {
    const before = this.messages.length
    this.tell({ kind: 'count' })
    const { counters } = await this.heard('counters', (message) =>
      this.messages.includes(message, before),
    )
    return counters
  }

  /** Ends it in order; the exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode
    const exit = once(this.#child, 'exit') as Promise<[number | null]>
    this.tell({ kind: 'stop' })
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    const [code] = await exit
    clearTimeout(late)
    assert.notEqual(code, null, 'the packet thread did not stop')
    return code
  }
}
