/** Short commands of the lab: run to their end, or killed with all their children when it is interrupted. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly timeoutMs?: number
  /** Called with what the command writes, as it writes it. */
  readonly onOutput?: (text: string) => void
}

const interruption = new AsyncLocalStorage<AbortSignal | undefined>()

/** In `work`, every command that `run` starts ends when `signal` aborts, and no other can start. */
export const abortable = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
  interruption.run(signal, work)

/** In `work`, cleaning up goes on although the rest was interrupted. */
export const regardless = <T>(work: () => Promise<T>): Promise<T> =>
  interruption.run(undefined, work)

/** Throws if the work under way was interrupted. */
export const checkInterrupted = (): void => interruption.getStore()?.throwIfAborted()

/** Runs a command to its end. Rejects only when it can't be started, or is interrupted. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  checkInterrupted()
  const signal = interruption.getStore()
  const [file = '', ...args] = argv
  // A process group of its own: ending it ends what it started.
  const env = { ...process.env, ...options.env }
  const child = spawn(file, args, { detached: true, cwd: options.cwd, env })
  const kill = () => {
    if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL')
  }
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(kill, options.timeoutMs)
  signal?.addEventListener('abort', kill)
  const { onOutput } = options
  if (onOutput !== undefined) {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => onOutput(chunk.toString()))
    }
  }
  child.stdin.on('error', () => undefined).end(options.input)
  try {
    const ended = new Promise<number>((resolve, reject) => {
      child.on('error', reject).on('close', (code) => resolve(code ?? 128))
    })
    const [code, stdout, stderr] = await Promise.all([
      ended,
      text(child.stdout),
      text(child.stderr),
    ])
    signal?.throwIfAborted()
    return { code, stdout, stderr }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
  }
}

/** Runs a command that has to succeed; returns its standard output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options)
  if (code === 0) return stdout
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(-30).join('\n  ')
  throw new Error(`${argv.join(' ').slice(0, 300)}\n  ended with ${code}: ${said}`)
}

/** Signals a process group; false if it is gone. */
export function killGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

/** Throws where the user is not root. */
export function needRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new Error('this makes network namespaces and mounts: run it as root')
  }
}
