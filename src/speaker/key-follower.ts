/** The keys of gossip as the mounted Secret has them, from start to stop. */
import { readSecretFiles, watchDirectory } from '../adapters/secret-files.ts'
import { fingerprint, keyChange, keysOf } from '../core/wire/memberlist/keyring.ts'
import type { Log } from '../ports/log.ts'

/** Keys now, the sealing one first; none without a directory. Throws where it cannot be read. */
export const readKeys = (directory: string): readonly Uint8Array[] =>
  directory === '' ? [] : keysOf(readSecretFiles(directory))

/** Hands over `changed` whatever keys come after `keys`. What cannot be read leaves them as they are. */
export function followKeys(
  directory: string,
  keys: readonly Uint8Array[],
  log: Log,
  changed: (keys: readonly Uint8Array[]) => void,
): { close(): void } {
  if (directory === '') return { close: () => undefined }
  let current = keys
  let told = ''
  const warn = (because: string) => {
    if (because !== told) log.warn('gossip-keys-unchanged', { because })
    told = because
  }
  const look = () => {
    try {
      const change = keyChange(current, readSecretFiles(directory))
      if (change.kind === 'refused') return warn(change.because)
      told = ''
      if (change.kind === 'same') return
      current = change.keys
      tellKeys(log, current)
      changed(current)
    } catch (error) {
      warn(`${directory} cannot be read: ${String(error)}`)
    }
  }
  const watching = watchDirectory(directory, look, (error) => {
    log.warn('gossip-keys-unwatched', { error, instead: 'looked at now and then' })
  })
  // Between the first reading and the watch they may have changed.
  look()
  return watching
}

/** By their fingerprints, so that people can see which nodes have come how far. */
export function tellKeys(log: Log, keys: readonly Uint8Array[]): void {
  const [seals, ...opens] = keys.map(fingerprint)
  if (seals !== undefined) log.info('gossip-keys', { seals, opens })
}
