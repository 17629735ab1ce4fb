/** Long-running processes of a lab: started in the background, known by pid and start time. */
import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { checkInterrupted, killGroup } from './processes.ts'
import { until } from './until.ts'

/** When a process began, in the kernel's ticks since boot: with the pid, its identity. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the command's name in parentheses: state is field 3, starttime 22 (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export class Daemons {
  readonly #logs: string
  readonly #pids: string

  /** `state`: the lab's state folder. */
  constructor(state: string) {
    this.#logs = join(state, 'log')
    this.#pids = join(state, 'pids')
  }

  /** Starts a process in a session of its own, its output going to `log/NAME.log`. */
  start(name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    checkInterrupted()
    mkdirSync(this.#logs, { recursive: true })
    mkdirSync(this.#pids, { recursive: true })
    const log = openSync(join(this.#logs, `${name}.log`), 'a')
    const [file = '', ...args] = argv
    const stdio: ['ignore', number, number] = ['ignore', log, log]
    const child = spawn(file, args, { detached: true, stdio, env: { ...process.env, ...env } })
    closeSync(log)
    this.record(name, child.pid)
    child.on('error', () => undefined).unref()
  }

  /** Makes a process known that was started otherwise, as the leader of its own group. */
  record(name: string, pid: number | undefined): void {
    if (pid === undefined) throw new Error(`${name} could not be started`)
    mkdirSync(this.#pids, { recursive: true })
    writeFileSync(join(this.#pids, name), `${pid} ${startTime(pid) ?? ''}`)
  }

  names(): string[] {
    try {
      return readdirSync(this.#pids)
    } catch {
      return []
    }
  }

  /** The pid, if that very process still runs. */
  pid(name: string): number | undefined {
    try {
      const [pid = '', since] = readFileSync(join(this.#pids, name), 'utf8').split(' ')
      return startTime(Number(pid)) === since ? Number(pid) : undefined
    } catch {
      return undefined
    }
  }

  signal(name: string, signal: NodeJS.Signals): void {
    const pid = this.pid(name)
    if (pid === undefined) {
      throw new Error(`no ${name} runs; there are: ${this.names().join(', ')}`)
    }
    killGroup(pid, signal)
  }

  /** Ends a process, hard: nothing of a lab is kept. */
  async stop(name: string): Promise<void> {
    const pid = this.pid(name)
    if (pid !== undefined) {
      killGroup(pid, 'SIGKILL')
      await until(`${name} to end`, () => this.pid(name) === undefined, { everyMs: 20 })
    }
    rmSync(join(this.#pids, name), { force: true })
  }

  /** The end of a process's log, for error messages. */
  tail(name: string, lines = 15): string {
    const log = readFileSync(join(this.#logs, `${name}.log`), 'utf8')
    return log.trimEnd().split('\n').slice(-lines).join('\n')
  }
}
