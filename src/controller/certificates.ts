/** What a webhook shows of itself, and whether it is still good for it. */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { issueServer, newAuthority } from '../adapters/signing.ts'
import type { Pair } from '../adapters/x509.ts'

export interface Certificates {
  /** May hold authorities of before too, so that nobody is distrusted in a change. */
  readonly authority: Pair
  readonly server: Pair
}

const AUTHORITY_DAYS = 3650
const SERVER_DAYS = 365
/** As long before its end a certificate is renewed. */
const AHEAD_MS = 90 * 86_400_000

/** Keys of the Secret, as of the rotator in MetalLB (OPA's cert-controller). */
export const SECRET_KEYS = {
  authority: { cert: 'ca.crt', key: 'ca.key' },
  server: { cert: 'tls.crt', key: 'tls.key' },
} as const

export type Verdict = 'good' | 'renew server' | 'renew all'

/** `names`: what the server's certificate must be for. Anything unreadable is renewed. */
export function judge(
  { authority, server }: Certificates,
  names: readonly string[],
  now: Date,
): Verdict {
  const ca = read(authority)
  const lasts = (cert: X509Certificate) =>
    new Date(cert.validFrom) <= now && new Date(cert.validTo).getTime() - now.getTime() > AHEAD_MS
  if (!ca?.ca || !lasts(ca)) return 'renew all'
  const cert = read(server)
  const good =
    cert !== undefined &&
    lasts(cert) &&
    cert.verify(ca.publicKey) &&
    names.every((name) => cert.checkHost(name) !== undefined)
  return good ? 'good' : 'renew server'
}

/** Undefined where it is not a certificate with its key. */
function read({ cert, key }: Pair): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(cert)
    return certificate.checkPrivateKey(createPrivateKey(key)) ? certificate : undefined
  } catch {
    return undefined
  }
}

/** New ones; `before`: those so far, whose authority is kept, or stays trusted until it ends. */
export async function renew(
  verdict: Exclude<Verdict, 'good'>,
  before: Certificates | undefined,
  names: readonly string[],
  now: Date,
): Promise<Certificates> {
  const authority =
    verdict === 'renew server' && before
      ? before.authority
      : withFormer(await newAuthority('metallb-webhook-ca', now, AUTHORITY_DAYS), before, now)
  return { authority, server: await issueServer(authority, names, now, SERVER_DAYS) }
}

/** The first certificate of the text counts; others after it are trusted as well. */
function withFormer(authority: Pair, before: Certificates | undefined, now: Date): Pair {
  const former = before && read(before.authority)
  if (!former || new Date(former.validTo) <= now) return authority
  return { ...authority, cert: `${authority.cert.trim()}\n${former.toString().trim()}\n` }
}
