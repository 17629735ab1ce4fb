/** MetalLB's key from the shared secret (internal/speakerlist/speakerlist.go). */
import { sha256 } from '@noble/hashes/sha2.js'
import { EMPTY, concat } from './bytes.ts'

/**
 * The secret's bytes verbatim, filled up with sha256("") and cut to 32: AES-256. That is what
 * `sha256.New().Sum(secret)` yields in Go: it appends the digest of nothing.
 */
export const deriveKey = (secret: Uint8Array): Uint8Array =>
  concat(secret, sha256(EMPTY)).slice(0, 32)
