/** Speakers' threads, each in a namespace of its own, on a switch. */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { GossipToMain, MainToGossip } from '../../src/speaker/messages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'

const SWITCH = `bws-switch-${process.pid}`
const HOST = fileURLToPath(new URL('threads-host.ts', import.meta.url))
const PORT = 7946
/** No connection is ever accepted or refused; what is connected stays so. */
const NO_TCP = `
  add table inet firewall
  add chain inet firewall input { type filter hook input priority 0; }
  add rule inet firewall input tcp dport ${PORT} tcp flags & (syn | ack) == syn drop`

export interface SpeakerOptions {
  readonly family: 4 | 6
  /** Its kernel swallows connections. */
  readonly firewall: boolean
  /** How long one that returns waits; 0 where it is not said. */
  readonly returnDelayMs?: number
}

/** What was said, and when, by `performance.now()`. */
type Heard = GossipToMain & { readonly at: number }

export class Speaker {
  readonly name: string
  readonly netns: string
  readonly address: string
  readonly heard: Heard[] = []
  readonly #child: ChildProcessByStdio<Writable, Readable, null>

  private constructor(name: string, netns: string, address: string, returnDelayMs: number) {
    this.name = name
    this.netns = netns
    this.address = address
    const options = {
      node: name,
      bindAddress: address,
      bindPort: PORT,
      detection: 'steady',
      returnDelayMs,
      excludeInterfaces: [],
      announce: { refreshMs: undefined, packetsPerSecond: 5000, conflict: 'tell' },
    }
    const argv = ['netns', 'exec', netns, process.execPath, HOST, JSON.stringify(options)]
    this.#child = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdin.on('error', () => undefined)
    createInterface(this.#child.stdout).on('line', (line) => {
      this.heard.push({ ...(JSON.parse(line) as GossipToMain), at: performance.now() })
    })
  }

  /** Resolves when it listens. */
  static async start(number: number, options: SpeakerOptions): Promise<Speaker> {
    const { family, firewall, returnDelayMs = 0 } = options
    const netns = `bws-${number}-${process.pid}`
    const address = family === 4 ? `10.79.0.${number}` : `fd79::${number}`
    const prefix = family === 4 ? [`${address}/24`] : [`${address}/64`, 'nodad']
    await must(['ip', 'netns', 'add', netns])
    const end = ['peer', 'name', 'eth0', 'netns', netns]
    await must(['ip', '-n', SWITCH, 'link', 'add', `port${number}`, 'type', 'veth', ...end])
    await must(['ip', '-n', SWITCH, 'link', 'set', `port${number}`, 'master', 'br0', 'up'])
    await must(['ip', '-n', netns, 'addr', 'add', ...prefix, 'dev', 'eth0'])
    await must(['ip', '-n', netns, 'link', 'set', 'eth0', 'up'])
    if (firewall) await must(['ip', 'netns', 'exec', netns, 'nft', '-f', '-'], { input: NO_TCP })
    const speaker = new Speaker(`node-${number}`, netns, address, returnDelayMs)
    await until(`${speaker.name} to listen`, () =>
      speaker.heard.some(({ kind }) => kind === 'listening'),
    )
    return speaker
  }

  tell(message: MainToGossip): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`)
  }

  /** Names of those it takes for alive. */
  get members(): string[] {
    const last = this.heard.findLast((message) => message.kind === 'members')
    return last?.kind === 'members' ? last.members.map(({ name }) => name) : []
  }

  /** What it logged under this name of an event. */
  logged(event: string): { readonly at: number; readonly fields: Record<string, unknown> }[] {
    return this.heard.flatMap((message) =>
      message.kind === 'log' && message.event === event
        ? [{ at: message.at, fields: { ...message.fields } }]
        : [],
    )
  }

  /** Datagrams that its processes have got. */
  async received(): Promise<number> {
    const argv = ['netns', 'exec', this.netns, 'cat', '/proc/net/snmp', '/proc/net/snmp6']
    const counts = await must(['ip', ...argv])
    const found = [/^Udp: (\d+)/m, /^Udp6InDatagrams\s+(\d+)/m].map((it) => it.exec(counts)?.[1])
    return found.reduce((sum, count) => sum + Number(count ?? 0), 0)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** The switch's end of its cable: 'down' takes the speaker's carrier, 'nomaster' leaves it. */
export const unplug = (speaker: Speaker, how: 'down' | 'nomaster'): Promise<string> =>
  must(['ip', '-n', SWITCH, 'link', 'set', speaker.name.replace('node-', 'port'), how])

/** Each watches each, ten datagrams a second either way: so all have had answers to their pings. */
async function watched(speakers: readonly Speaker[]): Promise<void> {
  const received = () => Promise.all(speakers.map((speaker) => speaker.received()))
  const before = await received()
  await until('pings to be answered', async () => {
    return (await received()).every((count, i) => count - (before[i] ?? 0) >= 15 * speakers.length)
  })
}

/** Starts speakers that know each other, lets `work` go on with them, ends them. */
export async function withSpeakers(
  speakers: readonly SpeakerOptions[],
  work: (speakers: readonly Speaker[]) => Promise<void>,
): Promise<void> {
  const started: Speaker[] = []
  try {
    await must(['ip', 'netns', 'add', SWITCH])
    await must(['ip', '-n', SWITCH, 'link', 'add', 'br0', 'type', 'bridge'])
    await must(['ip', '-n', SWITCH, 'link', 'set', 'br0', 'up'])
    for (const [i, options] of speakers.entries()) {
      started.push(await Speaker.start(i + 1, options))
    }
    const [first] = started
    // It is alone, and knows it, when the others come.
    first?.tell({ kind: 'join', addresses: [] })
    await until('the first to have looked for others', () =>
      first?.heard.some(({ kind }) => kind === 'joined'),
    )
    for (const speaker of started.slice(1)) {
      speaker.tell({ kind: 'join', addresses: first ? [first.address] : [] })
    }
    await until('all to know each other', () =>
      started.every(({ members }) => members.length === started.length),
    )
    await watched(started)
    await work(started)
  } finally {
    await Promise.all(started.map((speaker) => speaker.stop()))
    const names = speakers.map((_, i) => `bws-${i + 1}-${process.pid}`)
    for (const name of [SWITCH, ...names]) await run(['ip', 'netns', 'del', name])
  }
}
