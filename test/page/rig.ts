/** The dashboard as the controller serves it, built from its sources, on objects in memory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/adapters/clock.ts'
import { serveDashboard } from '../../src/controller/dashboard/dashboard.ts'
import { buildPage } from '../../tools/page.ts'
import { MemoryLog } from '../contract/memory-log.ts'
import { FakeCluster } from '../fakes/cluster.ts'
import { NAMESPACE, SegmentObjects } from './segment-objects.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellwether-page-'))
await buildPage(folder)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

export async function rig(fill: (objects: SegmentObjects) => Promise<void>) {
  const objects = new SegmentObjects(new FakeCluster())
  await fill(objects)
  const stop = new AbortController()
  const log = new MemoryLog()
  const port = await serveDashboard(
    { cluster: objects.cluster, clock: systemClock, log },
    { namespace: NAMESPACE, loadBalancerClass: undefined, port: 0, folder },
    stop.signal,
  )
  if (port === undefined) throw new Error(JSON.stringify(log.lines))
  return { objects, url: `http://127.0.0.1:${port}/`, port, stop: () => stop.abort() }
}
