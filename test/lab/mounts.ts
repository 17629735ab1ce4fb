/** Folders with mounts in them, which must be gone before the files are. */
import { readFileSync, rmSync } from 'node:fs'
import { must } from './processes.ts'

/** Unmounts all that is mounted below a folder, the deepest first. */
export async function unmountBelow(folder: string): Promise<void> {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
  for (const point of points.reverse()) await must(['umount', '--lazy', point])
}

/** Removes a folder, never anything through a mount. */
export async function removeTree(folder: string): Promise<void> {
  await unmountBelow(folder)
  rmSync(folder, { recursive: true, force: true })
}
