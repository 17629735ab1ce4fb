/** Takes away everything a lab left on the machine, also one that crashed half-way. */
import { globSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cgroupsOf, removeCgroup } from './cgroups.ts'
import { Daemons } from './daemons.ts'
import { removeTree } from './mounts.ts'
import { run } from './processes.ts'
import { deleteTopology, namespacesOf } from './topology.ts'
import { until } from './until.ts'

export async function tearDown(prefix: string, state: string): Promise<void> {
  const daemons = new Daemons(state)
  await Promise.all(daemons.names().map((name) => daemons.stop(name)))
  const cgroups = cgroupsOf(prefix, state)
  await until(
    'the processes of the lab to end',
    async () => {
      const pids = await pidsOf(prefix, state, cgroups)
      for (const pid of pids) kill(pid)
      return pids.length === 0
    },
    { everyMs: 50 },
  )
  for (const folder of containerFolders(state)) removeContainerTraces(folder)
  for (const cgroup of cgroups) removeCgroup(cgroup)
  await deleteTopology(prefix)
  removeLogLinks(state)
  await removeTree(state)
}

/** Processes that are the lab's by where they are: its namespaces, its containers, its shims. */
async function pidsOf(prefix: string, state: string, cgroups: string[]): Promise<number[]> {
  const lists = cgroups.flatMap((cgroup) =>
    globSync('**/cgroup.procs', { cwd: cgroup }).map((file) => read(join(cgroup, file))),
  )
  for (const name of await namespacesOf(prefix)) {
    lists.push((await run(['ip', 'netns', 'pids', name])).stdout)
  }
  const pids = new Set(lists.flatMap((list) => list.split(/\s+/).filter((pid) => pid !== '')))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const command = read(`/proc/${pid}/cmdline`)
    if (/^[^\0]*containerd-shim/.test(command) && command.includes(`${state}/`)) pids.add(pid)
  }
  return [...pids].map(Number)
}

/** Where the shims keep their containers: the folders' names are the containers' ids. */
const containerFolders = (state: string): string[] =>
  globSync(`${state}/*/run/io.containerd.runtime.v2.task/k8s.io/*`)

/** What lies in folders that all containerds of a machine share. */
function removeContainerTraces(folder: string): void {
  const id = basename(folder)
  const socket = read(join(folder, 'address')).replace(/^unix:\/\//, '')
  if (socket.startsWith('/run/containerd/s/')) rmSync(socket, { force: true })
  rmSync(`/run/containerd/runc/k8s.io/${id}`, { recursive: true, force: true })
  for (const file of globSync(`/var/lib/cni/results/*-${id}-*`)) rmSync(file)
}

/** The kubelet's links to its logs, in a folder that it can't be told. */
function removeLogLinks(state: string): void {
  for (const link of globSync('/var/log/containers/*.log')) {
    if (readlinkSync(link).startsWith(`${state}/`)) rmSync(link)
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Gone in between.
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
