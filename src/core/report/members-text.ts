/** Who sees whom, for people. */
import type { MemberRow, MembersReport } from './members.ts'
import { paragraph, table } from './text.ts'
import type { Piece, Text } from './text.ts'

export function membersText({ observers, unseen, members, disputed, groups }: MembersReport): Text {
  const head = ['MEMBER', 'STATE', 'ADDRESS', 'KIND', 'SETTLED', 'DOWN', 'SEEN AS']
  const split = groups.map((names) => names.join(', ')).join(' | ')
  return [
    ...(groups.length > 1 ? [paragraph(bad(`the speakers are split: ${split}`))] : []),
    members.length > 0 ? table(head, members.map(cells)) : paragraph('no view of any speaker'),
    ...disputed.map(({ ip, owners }) =>
      paragraph(
        bad(`${ip}: `),
        Object.entries(owners)
          .map(([observer, owner]) => `${observer} says ${owner}`)
          .join(', '),
      ),
    ),
    ...unseen.map(({ node, why }) =>
      paragraph({ role: 'warn', text: `not asked: ${node}: ${why}` }),
    ),
    ...(observers.length > 0
      ? [paragraph({ role: 'dim', text: `asked: ${observers.join(', ')}` })]
      : []),
  ]
}

const bad = (text: string): Piece => ({ role: 'bad', text })

function cells({ name, state, address, kind, settled, downInterfaces, seen }: MemberRow): Piece[] {
  return [
    name,
    { role: state === 'alive' ? 'ok' : state === 'disputed' ? 'bad' : 'warn', text: state },
    address,
    kind,
    settled ? 'yes' : 'no',
    downInterfaces.join(', ') || '-',
    state === 'disputed' ? saidBy(seen) : '',
  ]
}

/** `dead by w3; alive by w1, w2`. */
function saidBy(seen: MemberRow['seen']): string {
  const byState = Map.groupBy(Object.entries(seen), ([, state]) => state)
  return [...byState]
    .map(([state, its]) => `${state} by ${its.map(([observer]) => observer).join(', ')}`)
    .join('; ')
}
