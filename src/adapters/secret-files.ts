/** The files of a mounted Secret, and word of their change. */
import { existsSync, readFileSync, readdirSync, realpathSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'

/** By name. All are of one moment: kubelet swaps the whole folder by its link `..data`. */
export function readSecretFiles(directory: string): ReadonlyMap<string, Uint8Array> {
  const data = join(directory, '..data')
  const folder = realpathSync(existsSync(data) ? data : directory)
  const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile())
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]))
}

/** `tls.crt` and `tls.key` of a directory, PEM texts. Throws where one is missing, and says which. */
export function readPair(directory: string): { readonly cert: string; readonly key: string } {
  const files = readSecretFiles(directory)
  const read = (name: string) => {
    const bytes = files.get(name)
    if (bytes) return Buffer.from(bytes).toString()
    throw new Error(`expected a file ${join(directory, name)}`)
  }
  return { cert: read('tls.crt'), key: read('tls.key') }
}

/** A safety net: inotify is not told of everything on every file system. */
const POLL_MS = 30_000
/** A swap is several events. */
const QUIET_MS = 50

/**
 * Calls `changed` soon after anything changed in the directory, and now and then besides. `failed`: the
 * kernel does not tell (its inotify instances may be used up), so "now and then" must do.
 */
export function watchDirectory(
  directory: string,
  changed: () => void,
  failed: (error: unknown) => void,
): { close(): void } {
  let soon: NodeJS.Timeout | undefined
  const poll = setInterval(changed, POLL_MS).unref()
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(directory, { persistent: false }, () => {
      clearTimeout(soon)
      soon = setTimeout(changed, QUIET_MS).unref()
    })
    watcher.on('error', failed)
  } catch (error) {
    failed(error)
  }
  return {
    close() {
      watcher?.close()
      clearInterval(poll)
      clearTimeout(soon)
    },
  }
}
