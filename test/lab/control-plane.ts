/** etcd, API server, controller manager and scheduler, in the host `cp`. */
import { join } from 'node:path'
import type { LabContext } from './context.ts'
import { run } from './processes.ts'
import { CONTROL_PLANE, SERVICE_CIDRS, inHost, ipv4 } from './topology.ts'
import { until } from './until.ts'

export const API_PORT = 6443
/** As the hosts of the lab see it. */
export const API_SERVER = `https://${ipv4(CONTROL_PLANE)}:${API_PORT}`

/** First address of the Services' network: what pods know the API server by. */
const API_SERVICE = '10.96.0.1'

/** Issues what the control plane shows and asks for, and the administrator's certificate. */
export async function issueCertificates({ pki }: LabContext): Promise<void> {
  const addresses = [ipv4(CONTROL_PLANE), API_SERVICE, '127.0.0.1'].map((ip) => `IP:${ip}`)
  const names = ['kubernetes.default.svc', 'localhost'].map((name) => `DNS:${name}`)
  await Promise.all([
    pki.issue('admin', 'admin', 'system:masters'),
    pki.issue('apiserver', 'kube-apiserver', 'kubernetes', [...addresses, ...names].join(',')),
    pki.issue('kcm', 'system:kube-controller-manager', 'system:kube-controller-manager'),
    pki.issue('scheduler', 'system:kube-scheduler', 'system:kube-scheduler'),
    pki.issue('proxy', 'system:kube-proxy', 'system:node-proxier'),
  ])
}

/** Starts everything; returns when the API server answers. `kubeconfig`: the administrator's. */
export async function startControlPlane(lab: LabContext, kubeconfig: string): Promise<void> {
  startEtcd(lab)
  startApiServer(lab)
  await apiServerReady(lab, kubeconfig)
  startControllers(lab)
}

function startEtcd(lab: LabContext): void {
  const url = 'http://127.0.0.1:2379'
  start(lab, 'etcd', lab.binaries.etcd, {
    'data-dir': join(lab.state, 'etcd'),
    // A throw-away cluster has nothing to lose in a power cut.
    'unsafe-no-fsync': 'true',
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': 'http://127.0.0.1:2380',
    'log-level': 'warn',
  })
}

/** Starts the API server alone; it finds its state in etcd. */
export function startApiServer(lab: LabContext): void {
  const { pki } = lab
  start(lab, 'apiserver', lab.binaries['kube-apiserver'], {
    'etcd-servers': 'http://127.0.0.1:2379',
    'advertise-address': ipv4(CONTROL_PLANE),
    'secure-port': `${API_PORT}`,
    'client-ca-file': pki.cert('ca'),
    'tls-cert-file': pki.cert('apiserver'),
    'tls-private-key-file': pki.key('apiserver'),
    'cert-dir': pki.folder,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': pki.key('sa'),
    'service-account-signing-key-file': pki.key('sa'),
    'service-cluster-ip-range': SERVICE_CIDRS,
    'authorization-mode': 'Node,RBAC',
    'allow-privileged': 'true',
    'enable-admission-plugins': 'NodeRestriction',
    // kubectl exec and logs: the nodes' names are known to nobody.
    'kubelet-preferred-address-types': 'InternalIP',
    'kubelet-client-certificate': pki.cert('admin'),
    'kubelet-client-key': pki.key('admin'),
  })
}

export async function apiServerReady(lab: LabContext, kubeconfig: string): Promise<void> {
  const ask = [lab.binaries.kubectl, '--kubeconfig', kubeconfig, 'get', '--raw', '/readyz']
  await until('the API server to be ready', async () => {
    for (const name of ['etcd', 'apiserver']) {
      if (lab.daemons.pid(name) === undefined)
        throw new Error(`${name}:\n${lab.daemons.tail(name)}`)
    }
    return (await run(ask, { timeoutMs: 5000 })).code === 0
  })
}

/** What works through the API server alone. */
export const CONTROLLERS = ['kcm', 'scheduler'] as const

export function startControllers(lab: LabContext): void {
  const { pki } = lab
  start(lab, 'kcm', lab.binaries['kube-controller-manager'], {
    kubeconfig: componentKubeconfig(lab, 'kcm'),
    // Pods' addresses are the topology's, by the number of the node.
    'allocate-node-cidrs': 'false',
    'service-cluster-ip-range': SERVICE_CIDRS,
    'service-account-private-key-file': pki.key('sa'),
    'root-ca-file': pki.cert('ca'),
    'use-service-account-credentials': 'true',
    'leader-elect': 'false',
    // Of a thousand Services made at once, Bellwether is to be the bottleneck, not this.
    'kube-api-qps': '500',
    'kube-api-burst': '1000',
    'concurrent-service-endpoint-syncs': '20',
    'flex-volume-plugin-dir': join(lab.state, 'volume-plugins'),
    'cluster-signing-cert-file': pki.cert('ca'),
    'cluster-signing-key-file': pki.key('ca'),
  })
  start(lab, 'scheduler', lab.binaries['kube-scheduler'], {
    kubeconfig: componentKubeconfig(lab, 'scheduler'),
    'leader-elect': 'false',
  })
}

/** The kubeconfig of a part of the cluster, inside the lab. */
export function componentKubeconfig(lab: LabContext, name: string): string {
  const path = join(lab.state, `${name}.kubeconfig`)
  lab.pki.writeKubeconfig(path, name, API_SERVER)
  return path
}

function start(lab: LabContext, name: string, binary: string, flags: Record<string, string>): void {
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
  lab.daemons.start(name, inHost(lab.prefix, CONTROL_PLANE.name, [binary, ...args]))
}
