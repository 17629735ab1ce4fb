/**
 * A whole speaker in a network namespace, on a cable with another host: seen from outside, by its pages and by
 * what it writes into the API. What it announces: speaker-host.ts.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { script } from './packet-node.ts'

export const ADDRESS = '10.89.0.1'
export const PEER_ADDRESS = '10.89.0.2'
/** Of Service `nginx`. */
export const VIP = '10.89.0.64'
/** Of Service `dual`. */
export const DUAL = ['10.89.0.65', 'fd89::41'] as const

export interface ToldEvent {
  readonly reason: string
  readonly type: string
  readonly message: string
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid: string }
}

/** Of a ServiceL2Status. */
export interface ToldStatus {
  readonly serviceName: string
  readonly node: string
  readonly conditions?: readonly {
    readonly type: string
    readonly reason: string
    readonly message: string
  }[]
}

interface Line {
  readonly ready?: true
  readonly event?: ToldEvent
  /** All there are. */
  readonly statuses?: readonly ToldStatus[]
}

export class WholeSpeaker {
  readonly #netns: string
  readonly #peer: string
  readonly #lines: Line[] = []
  #child: ChildProcessByStdio<null, Readable, null> | undefined

  private constructor(name: string) {
    this.#netns = `${name}-${process.pid}`
    this.#peer = `${this.#netns}-peer`
  }

  /** Lays the cable. `name`: of the namespaces. */
  static async create(name: string): Promise<WholeSpeaker> {
    const speaker = new WholeSpeaker(name)
    const netns = speaker.#netns
    for (const each of [netns, speaker.#peer]) await must(['ip', 'netns', 'add', each])
    await must(['ip', '-n', netns, 'link', 'set', 'lo', 'up'])
    const cable = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', speaker.#peer]
    await must(['ip', '-n', netns, 'link', 'add', 'eth0', ...cable])
    for (const [each, address] of [
      [netns, ADDRESS],
      [speaker.#peer, PEER_ADDRESS],
    ] as const) {
      await must(['ip', '-n', each, 'addr', 'add', `${address}/24`, 'dev', 'eth0'])
      await must(['ip', '-n', each, 'link', 'set', 'eth0', 'up'])
    }
    return speaker
  }

  /** Runs it with these flags until it serves its pages. */
  async start(...flags: readonly string[]): Promise<void> {
    const argv = [
      ...['netns', 'exec', this.#netns, process.execPath, script('speaker-host')],
      ...['--namespace=metallb-system', '--node-name=w1', '--pod-name=speaker-1'],
      ...[`--ml-bindaddr=${ADDRESS}`, '--ml-labels=component=speaker', ...flags],
    ]
    const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    createInterface(child.stdout).on('line', (line) => this.#lines.push(JSON.parse(line) as Line))
    await until('it to serve', () => this.#lines.some(({ ready }) => ready), { everyMs: 50 })
  }

  /** Those it has recorded, oldest first. */
  get events(): ToldEvent[] {
    return this.#lines.flatMap(({ event }) => event ?? [])
  }

  /** The ServiceL2Status of that Service as it stands. */
  status(service: string): ToldStatus | undefined {
    const last = this.#lines.findLast(({ statuses }) => statuses)
    return last?.statuses?.find(({ serviceName }) => serviceName === service)
  }

  /** What it shows under that path. */
  page(path: string): Promise<string> {
    return must(inside(this.#netns, 'curl', '-sS', `http://127.0.0.1:17472${path}`))
  }

  /** A command on the other host. */
  atPeer(...argv: string[]): Promise<string> {
    return must(inside(this.#peer, ...argv))
  }

  /** MAC of the speaker's end of the cable, or of the other's. */
  async mac(of: 'speaker' | 'peer'): Promise<string> {
    const netns = of === 'speaker' ? this.#netns : this.#peer
    const link = await must(['ip', '-n', netns, '-o', 'link', 'show', 'eth0'])
    return /link\/ether (\S+)/.exec(link)?.[1] ?? `none in ${link}`
  }

  /** Ends it in order, and takes the cable away. */
  async remove(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      const late = setTimeout(() => child.kill('SIGKILL'), 5000)
      child.kill('SIGTERM')
      await once(child, 'exit')
      clearTimeout(late)
    }
    for (const name of [this.#netns, this.#peer]) await run(['ip', 'netns', 'del', name])
  }
}

const inside = (netns: string, ...argv: string[]): string[] => [
  ...['ip', 'netns', 'exec', netns],
  ...argv,
]
