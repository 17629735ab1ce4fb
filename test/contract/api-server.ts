/** A real API server with its etcd on loopback: everything of Kubernetes but what runs containers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { KubeCluster } from '../../src/adapters/kube/cluster.ts'
import type { Log } from '../../src/ports/log.ts'
import { binaries } from '../lab/binaries.ts'
import type { Binaries } from '../lab/binaries.ts'
import { Daemons } from '../lab/daemons.ts'
import { freePorts } from '../lab/free-ports.ts'
import { Pki } from '../lab/pki.ts'
import { must } from '../lab/processes.ts'
import { until } from '../lab/until.ts'

export class ApiServer {
  readonly kubeconfig: string
  /** Of the server on 127.0.0.1, in PEM files. */
  readonly certificate: string
  readonly certificateKey: string
  readonly #binaries: Binaries
  readonly #daemons: Daemons
  readonly #folder: string
  readonly #argv: readonly string[]

  private constructor(
    folder: string,
    parts: { binaries: Binaries; daemons: Daemons; pki: Pki },
    argv: readonly string[],
  ) {
    this.#folder = folder
    this.certificate = parts.pki.cert('apiserver')
    this.certificateKey = parts.pki.key('apiserver')
    this.kubeconfig = join(folder, 'kubeconfig')
    this.#binaries = parts.binaries
    this.#daemons = parts.daemons
    this.#argv = argv
  }

  /** `flags`: more of the API server. */
  static async start(...flags: readonly string[]): Promise<ApiServer> {
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-api-'))
    const pki = new Pki(join(folder, 'pki'))
    const parts = { binaries: await binaries(), daemons: new Daemons(folder), pki }
    await pki.createAuthority()
    await pki.issue('admin', 'admin', 'system:masters')
    await pki.issue('apiserver', 'kube-apiserver', 'kubernetes', 'IP:127.0.0.1')
    const [apiPort, etcdPort, peerPort] = await freePorts(3)
    pki.writeKubeconfig(join(folder, 'kubeconfig'), 'admin', `https://127.0.0.1:${apiPort}`)
    const etcd = `http://127.0.0.1:${etcdPort}`
    parts.daemons.start('etcd', [
      parts.binaries.etcd,
      `--data-dir=${join(folder, 'etcd')}`,
      '--unsafe-no-fsync=true',
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      '--log-level=error',
    ])
    const server = new ApiServer(folder, parts, [
      parts.binaries['kube-apiserver'],
      `--etcd-servers=${etcd}`,
      `--secure-port=${apiPort}`,
      '--bind-address=127.0.0.1',
      `--client-ca-file=${pki.cert('ca')}`,
      `--tls-cert-file=${pki.cert('apiserver')}`,
      `--tls-private-key-file=${pki.key('apiserver')}`,
      `--cert-dir=${pki.folder}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki.key('sa')}`,
      `--service-account-signing-key-file=${pki.key('sa')}`,
      '--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112',
      '--authorization-mode=RBAC',
      '--allow-privileged=true',
      ...flags,
    ])
    await server.resume()
    return server
  }

  /** Starts the API server (again); resolves when it answers. */
  async resume(): Promise<void> {
    this.#daemons.start('apiserver', this.#argv)
    await until(
      'the API server to be ready',
      async () => {
        if (this.#daemons.pid('apiserver') === undefined)
          throw new Error(this.#daemons.tail('apiserver'))
        return (await this.kubectl('get', '--raw', '/readyz')) === 'ok'
      },
      { timeoutMs: 180_000 },
    )
    await until('the namespace default', () => this.kubectl('get', 'namespace', 'default'))
  }

  /** Ends the API server, not its data. */
  pause(): Promise<void> {
    return this.#daemons.stop('apiserver')
  }

  async stop(): Promise<void> {
    await this.#daemons.stop('apiserver')
    await this.#daemons.stop('etcd')
    rmSync(this.#folder, { recursive: true })
  }

  kubectl(...args: string[]): Promise<string> {
    return must([this.#binaries.kubectl, '--kubeconfig', this.kubeconfig, ...args])
  }

  /** With a standard input. */
  kubectlWith(input: string, ...args: string[]): Promise<string> {
    return must([this.#binaries.kubectl, '--kubeconfig', this.kubeconfig, ...args], { input })
  }

  apply(manifest: string | object): Promise<string> {
    const input = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
    return this.kubectlWith(input, 'apply', '-f', '-')
  }

  /** The project's adapter, as the administrator. */
  connect(log: Log): KubeCluster {
    const config = new KubeConfig()
    config.loadFromFile(this.kubeconfig)
    return new KubeCluster(config, log)
  }

  /** The project's adapter, as the bearer of a token. */
  connectAs(token: string, log: Log): KubeCluster {
    return new KubeCluster(this.configOf(token), log)
  }

  /** A kubeconfig with the rights of a service account, for a process of its own. */
  async kubeconfigOf(name: string, namespace: string): Promise<string> {
    const token = await this.kubectl('create', 'token', name, '-n', namespace)
    const path = join(this.#folder, `kubeconfig-${namespace}-${name}`)
    writeFileSync(path, this.configOf(token.trim()).exportConfig())
    return path
  }

  configOf(token: string): KubeConfig {
    const config = new KubeConfig()
    config.loadFromFile(this.kubeconfig)
    const [cluster] = config.clusters
    if (!cluster) throw new Error('a kubeconfig without cluster')
    config.loadFromClusterAndUser(cluster, { name: 'bearer', token })
    return config
  }
}
