/** `where`: which node has an address, on which interface, since when, why, and who is next. */
import { where } from '../../core/report/where.ts'
import { whereText } from '../../core/report/where-text.ts'
import type { Command } from '../command.ts'

export interface WhereArgs {
  /** An address, `namespace/name` or a name. */
  readonly what: string
  /** Of a bare name; absent: any. */
  readonly namespace: string | undefined
}

export const WHERE: Command<WhereArgs> = {
  name: 'where',
  usage: 'where IP|SERVICE',
  summary: 'which node has an address, on which interface, since when, why, and who is next',
  views: true,
  run(snapshot, { what, namespace }) {
    const report = where(snapshot, what, namespace)
    const well =
      report.message === undefined && report.addresses.every(({ advice }) => advice === undefined)
    return { data: report, text: whereText(report), exit: well ? 0 : 1 }
  },
}
