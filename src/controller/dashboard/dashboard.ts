/** A read-only page about all addresses, for whoever can port-forward to this pod (docs/dashboard.md). */
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { Board } from '../../core/report/board.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Cluster } from '../../ports/cluster.ts'
import type { Log } from '../../ports/log.ts'
import { readAssets } from './assets.ts'
import { openDoor } from './door.ts'
import { EventStream } from './stream.ts'
import { watchBoard } from './watch.ts'

export interface DashboardDeps {
  readonly cluster: Pick<Cluster, 'follow'>
  readonly clock: Clock
  readonly log: Log
}

export interface DashboardOptions {
  readonly namespace: string
  readonly loadBalancerClass: string | undefined
  readonly port: number
  /** Where the page's files are. */
  readonly folder: string
}

/** The port it is served on; undefined where it cannot be, which is told: all else goes on. */
export async function serveDashboard(
  { cluster, clock, log }: DashboardDeps,
  { namespace, loadBalancerClass, port: wanted, folder }: DashboardOptions,
  stop: AbortSignal,
): Promise<number | undefined> {
  const board = new Board({ namespace, loadBalancerClass })
  const epoch = randomUUID().replaceAll('-', '')
  const stream = new EventStream(board.state, epoch, clock)
  try {
    const server = await openDoor({ port: wanted, assets: readAssets(folder), stream })
    const { port } = server.address() as AddressInfo
    watchBoard({ cluster, clock }, namespace, board, (delta) => stream.send(delta), stop)
    const close = () => {
      stream.close()
      server.close()
      server.closeIdleConnections()
    }
    stop.addEventListener('abort', close, { once: true })
    log.info('dashboard-served', { port })
    return port
  } catch (error) {
    log.error('dashboard-not-served', { port: wanted, error })
    return undefined
  }
}
