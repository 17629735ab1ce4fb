/** AES-GCM by OpenSSL; the key's length (16, 24 or 32 bytes) chooses AES-128, 192 or 256. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { CipherGCMTypes } from 'node:crypto'
import type { Cipher } from '../core/wire/memberlist/security.ts'

const TAG = 16
const algorithm = (key: Uint8Array) => `aes-${key.length * 8}-gcm` as CipherGCMTypes

export const aesGcm: Cipher = {
  seal(key, nonce, plaintext, aad) {
    const cipher = createCipheriv(algorithm(key), key, nonce).setAAD(aad)
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open(key, nonce, sealed, aad) {
    const decipher = createDecipheriv(algorithm(key), key, nonce, { authTagLength: TAG })
    decipher.setAAD(aad).setAuthTag(sealed.subarray(-TAG))
    const plain = decipher.update(sealed.subarray(0, -TAG))
    try {
      return Buffer.concat([plain, decipher.final()])
    } catch {
      return undefined
    }
  },
}

/** Random, so never repeated in the life of a key (96 bits; NIST SP 800-38D, section 8.2.2). */
export const nonce = (): Uint8Array => randomBytes(12)
