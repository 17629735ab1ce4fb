/** Certificates (RFC 5280) by @peculiar/x509; keys are elliptic (P-256). All text is PEM. */
import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

export interface Pair {
  readonly cert: string
  readonly key: string
}

const ELLIPTIC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
/** Clocks differ: what is made now must be valid on a node whose clock is behind. */
const BEFORE_MS = 3_600_000

/** A certificate authority of its own. */
export async function newAuthority(name: string, now: Date, days: number): Promise<Pair> {
  const keys = await newKeys()
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(now, days),
    name: `CN=${name}`,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: cert.toString('pem'), key: await exportKey(keys.privateKey) }
}

/** A server's certificate, signed by an authority whose key is elliptic or RSA. */
export async function issueServer(
  authority: Pair,
  names: readonly string[],
  now: Date,
  days: number,
): Promise<Pair> {
  const keys = await newKeys()
  const issuer = new x509.X509Certificate(authority.cert)
  const keyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId
  const [commonName = ''] = names
  const cert = await x509.X509CertificateGenerator.create({
    ...common(now, days),
    subject: `CN=${commonName}`,
    // The name as it is encoded there: made anew from text, it might differ in a byte.
    issuer: issuer.subjectName,
    ...signing(authority.key),
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: 'dns' as const, value })),
      ),
      ...(keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)]),
    ],
  })
  return { cert: cert.toString('pem'), key: await exportKey(keys.privateKey) }
}

/** For who is not asked who it is: traffic is encrypted, the name is not proved. */
export async function selfSigned(name: string, now: Date, days: number): Promise<Pair> {
  const keys = await newKeys()
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(now, days),
    name: [{ CN: [name] }],
    keys,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  })
  return { cert: cert.toString('pem'), key: await exportKey(keys.privateKey) }
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ELLIPTIC, true, ['sign', 'verify'])

const common = (now: Date, days: number) => ({
  // Positive, as RFC 5280 wants it.
  serialNumber: `01${randomBytes(15).toString('hex')}`,
  notBefore: new Date(now.getTime() - BEFORE_MS),
  notAfter: new Date(now.getTime() + days * DAY_MS),
  signingAlgorithm: ELLIPTIC,
})

function signing(pem: string) {
  const key = createPrivateKey(pem)
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const
  const algorithm = key.asymmetricKeyType === 'rsa' ? rsa : ELLIPTIC
  return {
    signingKey: key.toCryptoKey(algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
  }
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}
