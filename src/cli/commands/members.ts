/** `members`: the gossip views of all speakers beside each other. */
import { membersOf } from '../../core/report/members.ts'
import { membersText } from '../../core/report/members-text.ts'
import type { Command } from '../command.ts'

export const MEMBERS: Command = {
  name: 'members',
  usage: 'members',
  summary: 'the gossip views of all speakers beside each other',
  views: true,
  run(snapshot) {
    const report = membersOf(snapshot)
    const exit = report.agreed && report.unseen.length === 0 ? 0 : 1
    return { data: report, text: membersText(report), exit }
  },
}
