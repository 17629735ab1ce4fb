/** The project's folder in the user's cache, and locks so that two processes never fill it at once. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { startTime } from './daemons.ts'
import { checkInterrupted } from './processes.ts'
import { setTimeout as delay } from 'node:timers/promises'

export const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bellwether')

/**
 * Runs `work` while no other process is under the lock of that name, waiting for it without end: it
 * may be a build of minutes. A lock whose holder is gone is taken over.
 */
export async function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
  const path = join(CACHE, `${name}.lock`)
  mkdirSync(dirname(path), { recursive: true })
  while (!take(path)) {
    checkInterrupted()
    await delay(200)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** Undefined: it was let go a moment ago. */
function holderOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function take(path: string): boolean {
  const me = `${process.pid} ${startTime(process.pid)}`
  try {
    writeFileSync(path, me, { flag: 'wx' })
    return true
  } catch {
    const [pid, since] = holderOf(path)?.split(' ') ?? []
    if (pid !== undefined && since !== undefined && startTime(Number(pid)) !== since) {
      rmSync(path, { force: true })
    }
    return false
  }
}
