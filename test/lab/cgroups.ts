/**
 * Where a node's pods are among the processes of the machine: in a cgroup of their own, which weighs as on a
 * real node, as much as a thread for each processor. In it the kubelet gives to each what it requests. In
 * containerd's own folder all pods of the lab together would weigh as much as one thread of one of its
 * daemons, and be starved by them.
 */
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'

const MOUNT = '/sys/fs/cgroup'

/** Its path in each tree. */
export const cgroupOf = (prefix: string, node: string): string => `/${prefix}-${node}`

/** What a thread weighs: by cpu.shares, and by cpu.weight of cgroup v2. */
const A_THREAD = { 'cpu.shares': 1024, 'cpu.weight': 100 }

/** The kubelet wants it to be there. */
export function createCgroup(path: string): void {
  for (const tree of trees()) {
    if (existsSync(join(tree, 'cgroup.controllers'))) enableControllers(tree)
    mkdirSync(join(tree, path), { recursive: true })
    for (const [file, weight] of Object.entries(A_THREAD)) {
      const knob = join(tree, path, file)
      if (existsSync(knob)) writeFileSync(knob, `${weight * availableParallelism()}`)
    }
  }
}

/** All that the machine has: the kubelet looks for each. Beside v1 trees, the unified one has none. */
function enableControllers(tree: string): void {
  const controllers = readFileSync(join(tree, 'cgroup.controllers'), 'utf8').match(/\S+/g) ?? []
  const enabling = controllers.map((name) => `+${name}`).join(' ')
  if (enabling) writeFileSync(join(tree, 'cgroup.subtree_control'), enabling)
}

/** Of all nodes that a lab has, or had when it crashed. */
export function cgroupsOf(prefix: string, state: string): string[] {
  const nodes = globSync(`${state}/*/kubelet.json`).map((file) => basename(dirname(file)))
  return nodes.flatMap((node) =>
    globSync(trees().map((tree) => join(tree, cgroupOf(prefix, node)))),
  )
}

/** With all that is in it; no process may be. */
export function removeCgroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name))
  }
  rmdirSync(folder)
}

/** One on cgroup v2; on v1 one a controller, some by a second name. */
function trees(): string[] {
  const isUnified = existsSync(`${MOUNT}/cgroup.procs`)
  const folders = isUnified ? [MOUNT] : globSync(`${MOUNT}/*/cgroup.procs`).map(dirname)
  return [...new Set(folders.map((folder) => realpathSync(folder)))]
}
