/** A command in a host that runs until it is stopped, such as a prober or a packet capture. */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export class Running {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<void>
  #stdout = ''
  #stderr = ''

  constructor(argv: readonly string[]) {
    const [file = '', ...args] = argv
    this.#child = spawn(file, args, { stdio: 'pipe' })
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', () => resolve()).on('close', () => resolve())
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What it has written so far. */
  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Asks it to end, insists after 5 s; returns all that it wrote to standard output. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    this.#child.kill(signal)
    await this.#ended
    clearTimeout(insist)
    return this.#stdout
  }
}
