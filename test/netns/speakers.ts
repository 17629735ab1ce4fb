/** Speakers' threads, each in a namespace of its own, on a switch. */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { GossipThreadView, GossipToMain, MainToGossip } from '../../src/speaker/messages.ts'
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
  /** Of 32 bytes, in hexadecimal; absent: gossip is in clear. */
  readonly key?: string
}

/** What was said, and when, by `performance.now()`. */
type Heard = GossipToMain & { readonly at: number }

export class Speaker {
  readonly name: string
  readonly netns: string
  readonly address: string
  readonly heard: Heard[] = []
  readonly #child: ChildProcessByStdio<Writable, Readable, null>

  private constructor(
    name: string,
    netns: string,
    address: string,
    { returnDelayMs = 0, key }: SpeakerOptions,
  ) {
    this.name = name
    this.netns = netns
    this.address = address
    const options = {
      node: name,
      bindAddress: address,
      bindPort: PORT,
      detection: 'steady',
      returnDelayMs,
      keys: key === undefined ? [] : [key],
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
    const { family, firewall } = options
    const netns = netnsOf(number)
    const address = family === 4 ? `10.79.0.${number}` : `fd79::${number}`
    await plugIn(number, address)
    if (firewall) await must(['ip', 'netns', 'exec', netns, 'nft', '-f', '-'], { input: NO_TCP })
    const speaker = new Speaker(`node-${number}`, netns, address, options)
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

  /** Those that it did not take for alive any more at some time, and when. */
  get lost(): { readonly name: string; readonly at: number }[] {
    const lists = this.heard.flatMap((message) => (message.kind === 'members' ? [message] : []))
    return lists.flatMap(({ members, at }, i) => {
      const before = lists[i - 1]?.members ?? []
      const gone = before.filter(({ name }) => !members.some((it) => it.name === name))
      return gone.map(({ name }) => ({ name, at }))
    })
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

  /** What it knows of the cluster at this moment. */
  async view(): Promise<GossipThreadView> {
    const before = this.heard.length
    this.tell({ kind: 'view' })
    return until(
      `the view of ${this.name}`,
      () => {
        const answer = this.heard.slice(before).find((message) => message.kind === 'view')
        return answer?.kind === 'view' && answer.view
      },
      { everyMs: 5 },
    )
  }

  /** Resident memory of its process, in MiB: the most that it was. */
  mostMemory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Stops it with SIGSTOP; resolves when each of its threads stands still. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP')
    await until(`${this.name} to stand still`, () => {
      return globSync(`/proc/${this.#child.pid}/task/*/stat`).every((file) => {
        return readFileSync(file, 'utf8').includes(') T ')
      })
    })
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** What they said, in order of time: for who wonders why. */
export function storyOf(speakers: readonly Speaker[]): string {
  const said = speakers.flatMap(({ name, heard }) =>
    heard
      .filter(({ kind }) => kind !== 'members' && kind !== 'view')
      .map((message) => ({ ...message, name })),
  )
  return said
    .sort((a, b) => a.at - b.at)
    .map(({ name, at, ...message }) => `${at.toFixed(1)} ${name} ${JSON.stringify(message)}`)
    .join('\n')
}

const netnsOf = (number: number): string => `bws-${number}-${process.pid}`

/** A namespace of that number on the switch, with this address. */
async function plugIn(number: number, address: string): Promise<string> {
  const netns = netnsOf(number)
  const prefix = address.includes(':') ? [`${address}/64`, 'nodad'] : [`${address}/24`]
  await must(['ip', 'netns', 'add', netns])
  const end = ['peer', 'name', 'eth0', 'netns', netns]
  await must(['ip', '-n', SWITCH, 'link', 'add', `port${number}`, 'type', 'veth', ...end])
  await must(['ip', '-n', SWITCH, 'link', 'set', `port${number}`, 'master', 'br0', 'up'])
  await must(['ip', '-n', netns, 'addr', 'add', ...prefix, 'dev', 'eth0'])
  await must(['ip', '-n', netns, 'link', 'set', 'eth0', 'up'])
  return netns
}

/** A host on the switch that is no speaker, while `work` goes on. `number`: of none of them. */
export async function withStranger(
  number: number,
  address: string,
  work: (netns: string) => Promise<void>,
): Promise<void> {
  try {
    await work(await plugIn(number, address))
  } finally {
    await run(['ip', 'netns', 'del', netnsOf(number)])
  }
}

/** One more speaker, while `work` goes on. `number`: of none of the others. */
export async function withNewcomer(
  number: number,
  options: SpeakerOptions,
  work: (speaker: Speaker) => Promise<void>,
): Promise<void> {
  let speaker: Speaker | undefined
  try {
    speaker = await Speaker.start(number, options)
    await work(speaker)
  } finally {
    await speaker?.stop()
    await run(['ip', 'netns', 'del', netnsOf(number)])
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
    const names = speakers.map((_, i) => netnsOf(i + 1))
    for (const name of [SWITCH, ...names]) await run(['ip', 'netns', 'del', name])
  }
}
