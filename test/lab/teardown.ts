/** Takes away everything a lab left on the machine, also one that crashed half-way. */
import {
  existsSync,
  globSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  rmdirSync,
} from 'node:fs'
import { join } from 'node:path'
import { Daemons } from './daemons.ts'
import { cgroupOf, cniNetwork } from './node-config.ts'
import { removeTree, unmountBelow } from './mounts.ts'
import { run } from './processes.ts'
import { deleteTopology, namespacesOf } from './topology.ts'
import { until } from './until.ts'

export async function tearDown(prefix: string, state: string): Promise<void> {
  const daemons = new Daemons(state)
  await Promise.all(daemons.names().map((name) => daemons.stop(name)))
  await until('the processes of the lab to end', async () => {
    const pids = await pidsOf(prefix, state)
    for (const pid of pids) kill(pid)
    return pids.length === 0
  })
  removeShimSockets(state)
  await unmountBelow(state)
  await deleteTopology(prefix)
  for (const folder of cgroups(prefix)) removeCgroup(folder)
  removeTraces(prefix, state)
  await removeTree(state)
}

/** Processes that are the lab's by where they are: its namespaces, its cgroups, its containerd's. */
async function pidsOf(prefix: string, state: string): Promise<number[]> {
  const pids = new Set<number>()
  const add = (list: string) => {
    for (const pid of list.split(/\s+/)) if (pid !== '') pids.add(Number(pid))
  }
  for (const name of await namespacesOf(prefix))
    add((await run(['ip', 'netns', 'pids', name])).stdout)
  for (const folder of cgroups(prefix)) {
    for (const file of globSync('**/cgroup.procs', { cwd: folder })) add(read(join(folder, file)))
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const command = read(`/proc/${pid}/cmdline`)
    if (/^[^\0]*containerd-shim/.test(command) && command.includes(`${state}/`))
      pids.add(Number(pid))
  }
  pids.delete(process.pid)
  return [...pids]
}

/** Cgroups of the nodes: one tree on cgroup v2, one a controller on v1. */
function cgroups(prefix: string): string[] {
  const pattern = `${cgroupOf(prefix, 'w')}*`
  const found = globSync([`/sys/fs/cgroup/${pattern}`, `/sys/fs/cgroup/*/${pattern}`])
  return found.filter((folder) => /-w\d+$/.test(folder))
}

function removeCgroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name))
  }
  rmdirSync(folder)
}

/** A shim's socket lies in a folder shared by all of the machine; the shim noted which is its own. */
function removeShimSockets(state: string): void {
  for (const file of globSync(`${state}/*/run/io.containerd.runtime.v2.task/k8s.io/*/address`)) {
    const socket = read(file).replace(/^unix:\/\//, '')
    if (socket.startsWith('/run/containerd/s/')) rmSync(socket, { force: true })
  }
}

/** Files that kubelet and CNI write outside any folder that they can be told. */
function removeTraces(prefix: string, state: string): void {
  for (const link of globSync('/var/log/containers/*.log')) {
    if (readlinkSync(link).startsWith(`${state}/`)) rmSync(link)
  }
  for (const file of globSync(`/var/lib/cni/results/${cniNetwork(prefix)}-*`)) rmSync(file)
}

const read = (path: string): string => {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  } catch {
    // A process that went in between.
    return ''
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}
