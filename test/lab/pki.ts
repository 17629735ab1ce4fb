/** Certificates of the cluster, all from one authority, and the kubeconfigs that hold them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './processes.ts'

export class Pki {
  readonly folder: string

  /** `folder`: where its files are. */
  constructor(folder: string) {
    this.folder = folder
  }

  /** Makes the authority and the key that signs service accounts' tokens. */
  async createAuthority(): Promise<void> {
    mkdirSync(this.folder, { recursive: true })
    const ca = ['-keyout', this.key('ca'), '-out', this.cert('ca'), '-subj', '/CN=lab-ca']
    await must(['openssl', 'req', '-x509', ...NEW_KEY, '-days', '3650', ...ca])
    await must(['openssl', 'genrsa', '-out', this.key('sa'), '2048'])
  }

  cert(name: string): string {
    return join(this.folder, `${name}.crt`)
  }

  key(name: string): string {
    return join(this.folder, `${name}.key`)
  }

  /** A certificate for both ends of TLS. `names`: as openssl's subjectAltName takes them. */
  async issue(name: string, commonName: string, organisation: string, names = ''): Promise<void> {
    const request = join(this.folder, `${name}.csr`)
    const extensions = join(this.folder, `${name}.ext`)
    const alternative = names === '' ? '' : `subjectAltName=${names}\n`
    writeFileSync(extensions, `extendedKeyUsage=clientAuth,serverAuth\n${alternative}`)
    const subject = `/O=${organisation}/CN=${commonName}`
    const out = ['-keyout', this.key(name), '-out', request, '-subj', subject]
    await must(['openssl', 'req', '-new', ...NEW_KEY, ...out])
    const ca = ['-CA', this.cert('ca'), '-CAkey', this.key('ca'), '-set_serial', serial()]
    const sign = ['-in', request, ...ca, '-days', '365', '-extfile', extensions]
    await must(['openssl', 'x509', '-req', ...sign, '-out', this.cert(name)])
  }

  /** Writes a kubeconfig for the bearer of certificate `name`. */
  writeKubeconfig(path: string, name: string, server: string): void {
    const data = (file: string) => readFileSync(file).toString('base64')
    const cluster = { server, 'certificate-authority-data': data(this.cert('ca')) }
    const user = {
      'client-certificate-data': data(this.cert(name)),
      'client-key-data': data(this.key(name)),
    }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'lab', cluster }],
      users: [{ name, user }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: name } }],
      'current-context': 'lab',
    }
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 })
  }
}

/** Elliptic: RSA keys of 2,048 bits would take seconds on a busy machine. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

let issued = 0
const serial = (): string => `${Date.now()}${issued++}`
