/** `status`: problems first, then speakers, pools, and every address. */
import { status } from '../../core/report/status.ts'
import { statusText } from '../../core/report/status-text.ts'
import type { Command } from '../command.ts'

export const STATUS: Command = {
  name: 'status',
  usage: 'status',
  summary: 'problems first, then speakers, pools, and where every address is',
  views: true,
  run(snapshot) {
    const report = status(snapshot)
    return { data: report, text: statusText(report), exit: report.problems.length > 0 ? 1 : 0 }
  },
}
