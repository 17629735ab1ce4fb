/** The dashboard as the controller serves it, built from its sources, on objects in memory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/adapters/clock.ts'
import { serveDashboard } from '../../src/controller/dashboard/dashboard.ts'
import { LIMITS } from '../../src/controller/dashboard/stream.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import { buildPage } from '../../tools/page.ts'
import { MemoryLog } from '../contract/memory-log.ts'
import { FakeCluster } from '../fakes/cluster.ts'
import { NAMESPACE, SegmentObjects } from './segment-objects.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellwether-page-'))
await buildPage(folder)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

export async function serve(cluster: Pick<Cluster, 'follow'>, limits = LIMITS) {
  const stop = new AbortController()
  const log = new MemoryLog()
  const options = { namespace: NAMESPACE, loadBalancerClass: undefined, port: 0, folder }
  const port = await serveDashboard(
    { cluster, clock: systemClock, log },
    options,
    stop.signal,
    limits,
  )
  if (port === undefined) throw new Error(JSON.stringify(log.lines))
  return { url: `http://127.0.0.1:${port}/`, port, stop: () => stop.abort() }
}

export async function rig(fill: (objects: SegmentObjects) => Promise<void>) {
  const objects = new SegmentObjects(new FakeCluster())
  await fill(objects)
  return { objects, ...(await serve(objects.cluster)) }
}
