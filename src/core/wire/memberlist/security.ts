/**
 * Label and encryption: version, nonce, AES-GCM sealed bytes (hashicorp/memberlist security.go).
 * Version 1 has no padding; version 0 is padded to 16 (PKCS#7) and only ever received.
 */
import type { Decoded } from '../../decoded.ts'
import { decoded, drop } from '../../decoded.ts'
import { concat } from './bytes.ts'
import { TYPE } from './messages.ts'

/** AES-GCM. `seal` appends the 16-byte tag; `open` gives undefined where the tag does not match. */
export interface Cipher {
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array | undefined
}

/** What a member of this cluster must know. */
export interface Security {
  /** At most 255 bytes; empty: none. */
  readonly label: Uint8Array
  /** The first seals, each may open. Empty: no encryption. */
  readonly keys: readonly Uint8Array[]
  readonly cipher: Cipher
  /** 12 bytes never used before with the same key. */
  readonly nonce: () => Uint8Array
  /** False: what is in clear, or cannot be decrypted, is read as it is. memberlist's
   * GossipVerifyIncoming, for the time in which a cluster gets its first key. Default: true. */
  readonly verifyIncoming?: boolean
  /** False: what is sent is in clear, whatever keys there are (GossipVerifyOutgoing). Default: true. */
  readonly verifyOutgoing?: boolean
  /** Whether what is sent may be compressed; what comes in always may (EnableCompression).
   * Default: true. */
  readonly compression?: boolean
}

/** The key that seals what is sent; undefined: it goes out in clear. */
export const sealingKey = ({ keys, verifyOutgoing }: Security): Uint8Array | undefined =>
  verifyOutgoing === false ? undefined : keys[0]

const VERSION = 1
const NONCE = 12
const TAG = 16
const BLOCK = 16
/** What encryption adds to a packet. */
export const ENCRYPTION_OVERHEAD = 1 + NONCE + TAG

export type SecurityDrop =
  'encryptionVersion' | 'encryptionTruncated' | 'cannotDecrypt' | 'badPadding' | 'wrongLabel'

/** Only where there is a key; see `Security.keys`. */
export function seal(security: Security, key: Uint8Array, plain: Uint8Array, aad: Uint8Array) {
  const nonce = security.nonce()
  return concat(Uint8Array.of(VERSION), nonce, security.cipher.seal(key, nonce, plain, aad))
}

export function open(
  security: Security,
  payload: Uint8Array,
  aad: Uint8Array,
): Decoded<Uint8Array, SecurityDrop> {
  const [version] = payload
  if (version === undefined) return drop('encryptionTruncated')
  if (version > VERSION) return drop('encryptionVersion')
  if (payload.length < ENCRYPTION_OVERHEAD) return drop('encryptionTruncated')
  const nonce = payload.subarray(1, 1 + NONCE)
  const sealed = payload.subarray(1 + NONCE)
  for (const key of security.keys) {
    const plain = security.cipher.open(key, nonce, sealed, aad)
    if (plain) return version === 0 ? unpad(plain) : decoded(plain)
  }
  return drop('cannotDecrypt')
}

function unpad(plain: Uint8Array): Decoded<Uint8Array, SecurityDrop> {
  const padding = plain.at(-1) ?? 0
  if (padding < 1 || padding > BLOCK || padding > plain.length) return drop('badPadding')
  return decoded(plain.subarray(0, plain.length - padding))
}

/** `f4`, length, label; nothing where the label is empty. */
export const labelHeader = (label: Uint8Array): Uint8Array =>
  label.length === 0 ? label : concat(Uint8Array.of(TYPE.hasLabel, label.length), label)

/** Takes off the label header, which must be exactly ours. 'truncated': more must come first. */
export function stripLabel(
  bytes: Uint8Array,
  label: Uint8Array,
): Decoded<Uint8Array, 'wrongLabel' | 'truncated'> {
  const header = labelHeader(label)
  const known = bytes.subarray(0, header.length)
  if (!known.every((byte, i) => byte === header[i])) return drop('wrongLabel')
  if (known.length < header.length) return drop('truncated')
  if (header.length === 0 && bytes[0] === TYPE.hasLabel) return drop('wrongLabel')
  return decoded(bytes.subarray(header.length))
}
