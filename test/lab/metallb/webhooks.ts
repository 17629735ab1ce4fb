/** MetalLB's webhooks, which refuse everything while nobody answers, and their certificates. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NAMESPACE } from '../bellwether.ts'
import type { Json } from './names.ts'
import { must } from '../processes.ts'

export const WEBHOOK_CONFIGURATION = 'metallb-webhook-configuration'
const SERVICE = 'metallb-webhook-service'

/**
 * What its rotator (OPA's cert-controller) fills the Secret of the webhooks with, in base64: an authority and
 * a server's certificate for the one name, with RSA keys in PKCS #1.
 */
export async function webhookCertificates(): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'metallb-cert-'))
  const openssl = (...args: string[]) => must(['openssl', ...args], { cwd: folder })
  const name = `${SERVICE}.${NAMESPACE}.svc`
  try {
    for (const key of ['ca.key', 'tls.key']) {
      await openssl('genrsa', '-traditional', '-out', key, '2048')
    }
    writeFileSync(
      join(folder, 'ca.cnf'),
      'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyCertSign\nsubjectAltName=DNS:cert\n',
    )
    writeFileSync(
      join(folder, 'tls.cnf'),
      `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:${name}\n`,
    )
    const sign = ['x509', '-req', '-days', '3650']
    await openssl('req', '-new', '-key', 'ca.key', '-subj', '/O=metallb/CN=cert', '-out', 'ca.csr')
    const own = ['-signkey', 'ca.key', '-set_serial', '0', '-extfile', 'ca.cnf']
    await openssl(...sign, '-in', 'ca.csr', ...own, '-out', 'ca.crt')
    await openssl('req', '-new', '-key', 'tls.key', '-subj', `/CN=${name}`, '-out', 'tls.csr')
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', '1', '-extfile', 'tls.cnf']
    await openssl(...sign, '-in', 'tls.csr', ...by, '-out', 'tls.crt')
    return Object.fromEntries(
      ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'].map((file) => [
        file,
        readFileSync(join(folder, file)).toString('base64'),
      ]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
const WEBHOOKS = [
  { kind: 'bgppeer', name: 'bgppeersvalidationwebhook', resource: 'bgppeers', version: 'v1beta2' },
  ...[
    ['bfdprofile', 'bfdprofiles'],
    ['bgpadvertisement', 'bgpadvertisements'],
    ['community', 'communities'],
    ['ipaddresspool', 'ipaddresspools'],
    ['l2advertisement', 'l2advertisements'],
  ].map(([kind = '', resource = '']) => ({
    kind,
    name: `${kind}validationwebhook`,
    resource,
    version: 'v1beta1',
  })),
]

/** Without the authority, which its controller puts in. */
export const metallbWebhooks = (): Json & { readonly webhooks: readonly object[] } => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: WEBHOOK_CONFIGURATION },
  webhooks: WEBHOOKS.map(({ kind, name, resource, version }) => ({
    admissionReviewVersions: ['v1'],
    clientConfig: {
      service: {
        name: SERVICE,
        namespace: NAMESPACE,
        path: `/validate-metallb-io-${version}-${kind}`,
      },
    },
    failurePolicy: 'Fail',
    name: `${name}.metallb.io`,
    rules: [
      {
        apiGroups: ['metallb.io'],
        apiVersions: [version],
        operations: ['CREATE', kind === 'bfdprofile' ? 'DELETE' : 'UPDATE'],
        resources: [resource],
      },
    ],
    sideEffects: 'None',
  })),
})
