/** From nothing to a cluster whose nodes are ready. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binaries } from './binaries.ts'
import type { LabContext, ProxyMode } from './context.ts'
import { issueCertificates, startControlPlane } from './control-plane.ts'
import { Daemons } from './daemons.ts'
import { startForwarder } from './forwarder.ts'
import { labImages } from './images.ts'
import { importImage, startContainerd, startKubelet } from './node.ts'
import { ensureLabPackages } from './packages.ts'
import { Pki } from './pki.ts'
import { must } from './processes.ts'
import { step } from './progress.ts'
import { tearDown } from './teardown.ts'
import { CLIENT, CONTROL_PLANE, addPodRoutes, createTopology, workers } from './topology.ts'
import { until } from './until.ts'

export interface LabOptions {
  readonly prefix: string
  readonly state: string
  readonly nodes: number
  readonly proxyMode: ProxyMode
}

/** Builds the lab, having removed what an earlier one of that prefix left. Returns its images. */
export async function bringUp(options: LabOptions, kubeconfig: string): Promise<string[]> {
  const { prefix, state, proxyMode } = options
  await ensureLabPackages()
  const found = await binaries()
  const images = await labImages()
  raiseInotifyLimit()
  await step(`starting lab ${prefix}`, async () => {
    await tearDown(prefix, state)
    const nodes = workers(options.nodes)
    await createTopology(prefix, [CONTROL_PLANE, CLIENT, ...nodes])
    await addPodRoutes(prefix, nodes)
    const daemons = new Daemons(state)
    const pki = new Pki(join(state, 'pki'))
    await pki.createAuthority()
    const lab = { prefix, state, nodes, proxyMode, binaries: found, daemons, pki }
    await Promise.all([startMaster(lab, kubeconfig), startRuntimes(lab, images)])
    await startNodes(lab, kubeconfig)
  })
  return images
}

async function startMaster(lab: LabContext, kubeconfig: string): Promise<void> {
  await issueCertificates(lab)
  const port = await startForwarder(lab.prefix, lab.daemons)
  lab.pki.writeKubeconfig(kubeconfig, 'admin', `https://127.0.0.1:${port}`)
  await startControlPlane(lab, kubeconfig)
}

async function startRuntimes(lab: LabContext, images: readonly string[]): Promise<void> {
  await Promise.all(lab.nodes.map((node) => startContainerd(lab, node)))
  await loadImages(
    lab.state,
    lab.nodes.map(({ name }) => name),
    images,
  )
}

/** One image at a time, to all nodes at once: they share the page cache. */
export async function loadImages(
  state: string,
  nodes: readonly string[],
  tars: readonly string[],
): Promise<void> {
  for (const tar of tars) await Promise.all(nodes.map((node) => importImage(state, node, tar)))
}

async function startNodes(lab: LabContext, kubeconfig: string): Promise<void> {
  await Promise.all(lab.nodes.map((node) => startKubelet(lab, node)))
  const kubectl = [lab.binaries.kubectl, '--kubeconfig', kubeconfig, 'get']
  const condition = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
  const ready = lab.nodes.map(() => 'True').join(' ')
  await until(
    `${lab.nodes.length} nodes to be ready`,
    async () => {
      for (const name of lab.daemons.names()) {
        if (lab.daemons.pid(name) === undefined)
          throw new Error(`${name}:\n${lab.daemons.tail(name)}`)
      }
      return (await must([...kubectl, 'nodes', '-o', condition])) === ready
    },
    { timeoutMs: 180_000 },
  )
  // Pods that name no service account need this one.
  await until('the default service account', () => must([...kubectl, 'serviceaccount', 'default']))
}

/** Each kubelet and containerd takes some of root's inotify instances; Linux grants 128. */
function raiseInotifyLimit(): void {
  const path = '/proc/sys/fs/inotify/max_user_instances'
  if (Number(readFileSync(path, 'utf8')) < 1024) writeFileSync(path, '1024')
}
