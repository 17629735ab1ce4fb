import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { tlsSettings } from './tls-settings.ts'

const flags = (version = '', suites = '', curves = '') => ({
  'tls-min-version': version,
  'tls-cipher-suites': suites,
  'tls-curve-preferences': curves,
})

test('tls-settings: TLS 1.3 where nothing is said', () => {
  assert.deepEqual(tlsSettings(flags()), { ok: true, settings: { minVersion: 'TLSv1.3' } })
})

test("tls-settings: Go's names become names that OpenSSL takes", () => {
  const suites =
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'
  const parsed = tlsSettings(flags('VersionTLS12', suites, '29, 23'))
  assert.deepEqual(parsed, {
    ok: true,
    settings: {
      minVersion: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305',
      ecdhCurve: 'X25519:P-256',
    },
  })
  assert.ok(parsed.ok && createSecureContext(parsed.settings))
})

test('tls-settings: all that is wrong is told at once', () => {
  const parsed = tlsSettings(flags('TLS9', 'TLS_RSA_WITH_RC4_128_SHA', '1'))
  assert.ok(!parsed.ok)
  assert.match(
    parsed.problems.join('\n'),
    /min-version.*VersionTLS12.*"TLS9"[^]*"TLS_RSA_WITH[^]*"1"/,
  )
  const suites = tlsSettings(flags('', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'))
  assert.match(suites.ok ? '' : suites.problems.join(), /of TLS 1.3 cannot be chosen/)
})
