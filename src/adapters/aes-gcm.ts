/** AES-GCM by OpenSSL; the key's length (16, 24 or 32 bytes) chooses AES-128, 192 or 256. */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import type { CipherGCMTypes, KeyObject } from 'node:crypto'
import type { Cipher } from '../core/wire/memberlist/security.ts'

const TAG = 16
const algorithm = (key: Uint8Array) => `aes-${key.length * 8}-gcm` as CipherGCMTypes

/** Not made anew for each datagram. Who changes keys brings new arrays; the old ones go with theirs. */
const prepared = new WeakMap<Uint8Array, KeyObject>()

function keyObject(key: Uint8Array): KeyObject {
  let object = prepared.get(key)
  if (!object) prepared.set(key, (object = createSecretKey(key)))
  return object
}

export const aesGcm: Cipher = {
  seal(key, nonce, plaintext, aad) {
    const cipher = createCipheriv(algorithm(key), keyObject(key), nonce).setAAD(aad)
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open(key, nonce, sealed, aad) {
    const decipher = createDecipheriv(algorithm(key), keyObject(key), nonce, { authTagLength: TAG })
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
