/**
 * The keys of a cluster from the files of its secret: `secretkey` seals, `secretkey-…` only open. So a
 * key is changed without an end to the talk: make the new one known, let it seal, forget the old one
 * (docs/gossip-keys.md).
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { sameBytes } from './bytes.ts'
import { deriveKey } from './key.ts'

const SEALING = 'secretkey'
const isOpening = (file: string): boolean => file.startsWith(`${SEALING}-`)
/** Each is tried for what cannot be opened: more would only cost. */
const MOST_KEYS = 8

/** Sealing key first, the others by file name; without a sealing key there is no encryption. */
export function keysOf(files: ReadonlyMap<string, Uint8Array>): readonly Uint8Array[] {
  const names = [SEALING, ...[...files.keys()].filter(isOpening).sort()]
  const keys: Uint8Array[] = []
  for (const name of names) {
    const secret = files.get(name)
    // One that is empty says nothing: its sha256 alone would be a key that all know.
    if (!secret?.length) {
      if (name === SEALING) return []
      continue
    }
    const key = deriveKey(secret)
    if (!keys.some((known) => sameBytes(known, key))) keys.push(key)
  }
  return keys.slice(0, MOST_KEYS)
}

export type KeyChange =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed'; readonly keys: readonly Uint8Array[] }
  /** What is there now is not taken; the sentence says why, and what to do. */
  | { readonly kind: 'refused'; readonly because: string }

/** What a change of the files means to a member that runs. */
export function keyChange(
  current: readonly Uint8Array[],
  files: ReadonlyMap<string, Uint8Array>,
): KeyChange {
  const keys = keysOf(files)
  if (keys.length === 0 && current.length > 0) {
    const because = `no ${SEALING} any more, or an empty one: encryption is not switched off by that`
    return { kind: 'refused', because: `${because}; restart the speakers to do without` }
  }
  if (keys.length > 0 && current.length === 0) {
    const because = 'there is a secret now, but the members talk in clear'
    return { kind: 'refused', because: `${because}; restart the speakers to encrypt` }
  }
  const same = keys.length === current.length && keys.every((key, i) => sameAt(current, i, key))
  return same ? { kind: 'same' } : { kind: 'changed', keys }
}

/** Tells keys apart in a log without telling them: 8 hex digits. */
export const fingerprint = (key: Uint8Array): string =>
  Array.from(sha256(key).subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('')

function sameAt(keys: readonly Uint8Array[], i: number, key: Uint8Array): boolean {
  const other = keys[i]
  return other !== undefined && sameBytes(other, key)
}
