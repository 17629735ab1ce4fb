/** `pools`: used, free and total addresses, and who holds what. */
import { poolsOf } from '../../core/report/pools.ts'
import { poolsText } from '../../core/report/pools-text.ts'
import { paragraph } from '../../core/report/text.ts'
import type { Command } from '../command.ts'

export interface PoolsArgs {
  /** Absent: all. */
  readonly pool: string | undefined
}

export const POOLS: Command<PoolsArgs> = {
  name: 'pools',
  usage: 'pools [POOL]',
  summary: 'used, free and total addresses, and who holds what',
  views: false,
  run(snapshot, { pool }) {
    const all = poolsOf(snapshot)
    const report =
      pool === undefined
        ? all
        : {
            pools: all.pools.filter(({ name }) => name === pool),
            holders: all.holders.filter((it) => it.pool === pool),
            strangers: [],
          }
    if (pool !== undefined && report.pools.length === 0) {
      return { data: report, text: [paragraph(`there is no IPAddressPool "${pool}"`)], exit: 1 }
    }
    const why = snapshot.unseen.l2Statuses
    const note = why === undefined ? [] : [paragraph(`which node has them is not known: ${why}`)]
    return { data: report, text: [...poolsText(report), ...note], exit: 0 }
  },
}
