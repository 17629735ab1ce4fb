/** A member of either kind in a process of its own: told what to do, and heard. */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { goMemberlist } from '../lab/go-memberlist.ts'
import { until } from '../lab/until.ts'

/** Flags beside name, bind and port; see go-memberlist/main.go. */
export type PeerFlags = Readonly<Record<string, string>>

export interface PeerOptions {
  readonly kind: 'ours' | 'go'
  readonly name: string
  /** Of the loopback network. */
  readonly address: string
  readonly port: number
  readonly flags?: PeerFlags
  /** A network namespace to run in. */
  readonly netns?: string
}

interface Line {
  readonly event?: string
  readonly name?: string
  readonly joined?: number
  readonly members?: string[]
}

/** What each kind logs when it is asked to prove that it lives, and when it doubts another. */
const REFUTES = { go: /Refuting a (suspect|dead) message/, ours: /^gossip-refuted/m }
const SUSPECTS = {
  go: (name: string) => new RegExp(`Suspect ${name} has failed`),
  ours: (name: string) => new RegExp(`"name":"${name}","from":"alive","to":"suspect"`),
}

export class Peer {
  readonly options: PeerOptions
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: Line[] = []
  #log = ''

  private constructor(options: PeerOptions, argv: readonly string[]) {
    this.options = options
    const [file = '', ...args] = argv
    this.#child = spawn(file, args, { stdio: 'pipe' })
    this.#child.stdin.on('error', () => undefined)
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as Line)
    })
  }

  /** Resolves when it listens. */
  static async start(options: PeerOptions): Promise<Peer> {
    const { kind, name, address, port, flags = {}, netns } = options
    const ours = fileURLToPath(new URL('gossip-ours.ts', import.meta.url))
    const program = kind === 'go' ? [await goMemberlist()] : [process.execPath, ours]
    const all = { name, bind: address, port: String(port), ...flags }
    const argv = [...program, ...Object.entries(all).map(([flag, value]) => `--${flag}=${value}`)]
    const peer = new Peer(options, netns === undefined ? argv : [...enter(netns), ...argv])
    await until(`${name} to listen`, () => {
      if (peer.ended) throw new Error(`${name} ended: ${peer.log}`)
      return peer.#lines.some(({ event }) => event === 'ready')
    })
    return peer
  }

  get name(): string {
    return this.options.name
  }

  get log(): string {
    return this.#log
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** How many members answered. */
  async join(other: Peer): Promise<number> {
    const { address, port } = other.options
    return (await this.#ask(`join ${address}:${port}`, 'joined')) ?? 0
  }

  /** Names of those it takes for alive, sorted. */
  async members(): Promise<string[]> {
    return ((await this.#ask('members', 'members')) ?? []).toSorted()
  }

  /** Whom it has heard leave or believed dead, in order. */
  get left(): string[] {
    return this.#lines.flatMap(({ event, name }) => (event === 'leave' && name ? [name] : []))
  }

  get hasRefuted(): boolean {
    return REFUTES[this.options.kind].test(this.#log)
  }

  suspected(name: string): boolean {
    return SUSPECTS[this.options.kind](name).test(this.#log)
  }

  leave(): void {
    this.tell('leave')
  }

  /** A command that is answered by an event, or not at all. */
  tell(command: string): void {
    this.#child.stdin.write(`${command}\n`)
  }

  said(event: string, name: string): boolean {
    return this.#lines.some((line) => line.event === event && line.name === name)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop(): Promise<void> {
    if (this.ended) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  /** Commands are answered in their order. */
  async #ask<K extends 'joined' | 'members'>(command: string, answer: K): Promise<Line[K]> {
    const before = this.#lines.length
    this.#child.stdin.write(`${command}\n`)
    const look = () => this.#lines.slice(before).find((line) => line[answer] !== undefined)
    return (await until(`${this.name} to answer ${command}`, look, { everyMs: 20 }))[answer]
  }
}

const enter = (netns: string): string[] => ['ip', 'netns', 'exec', netns]
