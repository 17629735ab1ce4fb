/** MetalLB's flags for TLS, in Go's words, as Node takes them. */
import type { Flag, FlagValues } from './flags.ts'

export const TLS_FLAGS = {
  'tls-min-version': { kind: 'text', default: 'VersionTLS13' },
  'tls-cipher-suites': { kind: 'text' },
  'tls-curve-preferences': { kind: 'text' },
} as const satisfies Record<string, Flag>

/** Options of a TLS server. */
export interface TlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's names, separated by colons. */
  readonly ciphers?: string
  /** OpenSSL's names, separated by colons, the preferred first. */
  readonly ecdhCurve?: string
}

export type ParsedTls =
  | { readonly ok: true; readonly settings: TlsSettings }
  | { readonly ok: false; readonly problems: readonly string[] }

const VERSIONS: Readonly<Record<string, TlsSettings['minVersion']>> = {
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
}

/** Of Go's suites for TLS 1.2 those that it holds secure. */
const CIPHERS: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
}

/** By number: IANA's registry of TLS supported groups. */
const CURVES: Readonly<Record<string, string>> = {
  23: 'P-256',
  24: 'P-384',
  25: 'P-521',
  29: 'X25519',
  4588: 'X25519MLKEM768',
}

export function tlsSettings(flags: FlagValues<typeof TLS_FLAGS>): ParsedTls {
  const problems: string[] = []
  const translate = (flag: keyof typeof TLS_FLAGS, table: Readonly<Record<string, string>>) =>
    words(flags[flag]).flatMap((word) => {
      const translated = Object.hasOwn(table, word) ? table[word] : undefined
      if (translated !== undefined) return [translated]
      problems.push(`--${flag}: expected of ${Object.keys(table).join(', ')}; got "${word}"`)
      return []
    })
  const [minVersion = 'TLSv1.3'] = translate('tls-min-version', VERSIONS)
  const ciphers = translate('tls-cipher-suites', CIPHERS).join(':')
  const ecdhCurve = translate('tls-curve-preferences', CURVES).join(':')
  if (ciphers !== '' && minVersion === 'TLSv1.3') {
    problems.push('--tls-cipher-suites: the suites of TLS 1.3 cannot be chosen; leave it out')
  }
  if (problems.length > 0) return { ok: false, problems }
  const settings = {
    minVersion: minVersion as TlsSettings['minVersion'],
    ...(ciphers !== '' && { ciphers }),
    ...(ecdhCurve !== '' && { ecdhCurve }),
  }
  return { ok: true, settings }
}

const words = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
