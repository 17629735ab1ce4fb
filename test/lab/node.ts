/** A worker node: containerd, kubelet and kube-proxy in its host. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupOf, createCgroup } from './cgroups.ts'
import type { LabContext } from './context.ts'
import { componentKubeconfig } from './control-plane.ts'
import { cniConfig, containerdConfig, kubeProxyConfig, kubeletConfig } from './node-config.ts'
import { must, run } from './processes.ts'
import { inHost, ipv4, ipv6 } from './topology.ts'
import type { Host } from './topology.ts'
import { until } from './until.ts'

export const nodeFolder = (state: string, node: string): string => join(state, node)
export const containerdSocket = (state: string, node: string): string =>
  join(nodeFolder(state, node), 'containerd.sock')

/** Starts the node's containerd, and returns when it answers. */
export async function startContainerd(lab: LabContext, node: Host): Promise<void> {
  const folder = nodeFolder(lab.state, node.name)
  mkdirSync(join(folder, 'cni'), { recursive: true })
  cniConfig(lab, node)
  const config = containerdConfig(lab, node)
  const command = inHost(lab.prefix, node.name, ['containerd', '--config', config])
  lab.daemons.start(`containerd-${node.name}`, command)
  const ask = ctr(lab.state, node.name, 'version')
  await until(`containerd of ${node.name}`, async () => (await run(ask)).code === 0)
}

/** Starts kubelet and kube-proxy. The node is ready some seconds later. */
export async function startKubelet(lab: LabContext, node: Host): Promise<void> {
  const { name } = node
  createCgroup(cgroupOf(lab.prefix, name))
  await lab.pki.issue(name, `system:node:${name}`, 'system:nodes', `IP:${ipv4(node)},DNS:${name}`)
  const flags = {
    config: kubeletConfig(lab, node),
    kubeconfig: componentKubeconfig(lab, name),
    'hostname-override': name,
    'node-ip': `${ipv4(node)},${ipv6(node)}`,
    'root-dir': join(nodeFolder(lab.state, name), 'kubelet'),
    'cert-dir': join(nodeFolder(lab.state, name), 'certs'),
  }
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
  const start = (daemon: string, argv: string[]) =>
    lab.daemons.start(`${daemon}-${name}`, inHost(lab.prefix, name, argv))
  start('kubelet', [lab.binaries.kubelet, ...args])
  start('proxy', [lab.binaries['kube-proxy'], `--config=${kubeProxyConfig(lab, node)}`])
}

/** Command line of `ctr` for a node's containers. */
export const ctr = (state: string, node: string, ...args: string[]): string[] => [
  'ctr',
  '--address',
  containerdSocket(state, node),
  '--namespace',
  'k8s.io',
  ...args,
]

/** Makes an image known to a node. `tar`: a docker-archive. */
export async function importImage(state: string, node: string, tar: string): Promise<void> {
  await must(ctr(state, node, 'images', 'import', tar))
}

/** Pid, in the root namespace, of the first process of a running container of a pod. */
export async function containerPid(
  state: string,
  node: string,
  pod: { readonly name: string; readonly namespace?: string; readonly container: string },
): Promise<number> {
  const labels = {
    'io.kubernetes.pod.name': pod.name,
    'io.kubernetes.container.name': pod.container,
    ...(pod.namespace === undefined ? {} : { 'io.kubernetes.pod.namespace': pod.namespace }),
  }
  const filter = Object.entries(labels).map(([label, value]) => `labels."${label}"==${value}`)
  const ids = await must(ctr(state, node, 'containers', 'list', '--quiet', filter.join(',')))
  const tasks = await must(ctr(state, node, 'tasks', 'list'))
  for (const id of ids.trim().split('\n')) {
    const pid = new RegExp(`^${id}\\s+(\\d+)\\s+RUNNING`, 'm').exec(tasks)?.[1]
    if (id !== '' && pid !== undefined) return Number(pid)
  }
  throw new Error(`no running container ${pod.container} of pod ${pod.name} on ${node}`)
}
