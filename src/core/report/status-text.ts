/** `status` for people: problems first, then tables. */
import { problemsText } from './problems-text.ts'
import type { AddressRow, PoolRow, PoolUse, SpeakerRow, StatusReport } from './status.ts'
import { heading, paragraph, table } from './text.ts'
import type { Piece, Text } from './text.ts'

export function statusText(report: StatusReport): Text {
  const { problems, controllers, speakers, pools, addresses, waiting, notSeen } = report
  const missing = Object.entries(notSeen)
  return [
    heading('PROBLEMS'),
    ...problemsText(problems),
    heading('SPEAKERS'),
    table(['NODE', 'SPEAKER', 'MEMBER', 'ADDRESSES'], speakers.map(speakerCells)),
    paragraph(
      'controller: ',
      controllers.ready > 0
        ? `${controllers.ready} of ${controllers.pods} ready`
        : { role: 'bad', text: `none of ${controllers.pods} ready` },
    ),
    heading('POOLS'),
    pools.length > 0
      ? table(['POOL', 'FAMILY', 'USED', 'KEPT', 'FREE', 'TOTAL'], pools.flatMap(poolCells))
      : paragraph('there is no IPAddressPool'),
    heading('ADDRESSES'),
    addresses.length > 0
      ? table(['ADDRESS', 'NODE', 'SINCE', 'POOL', 'SERVICES'], addresses.map(addressCells))
      : paragraph('no Service has one'),
    ...(waiting.length > 0
      ? [paragraph({ role: 'bad', text: 'without an address: ' }, waiting.join(', '))]
      : []),
    ...(missing.length > 0
      ? [
          heading('NOT SEEN'),
          table(
            ['WHAT', 'WHY'],
            missing.map(([what, why]): Piece[] => [what, { role: 'dim', text: why }]),
          ),
        ]
      : []),
  ]
}

function speakerCells({ node, speaker, nodeReady, excluded, addresses, member }: SpeakerRow) {
  const state = [
    ...(nodeReady ? [] : ['node not ready']),
    speaker,
    ...(excluded ? ['excluded'] : []),
  ].join(', ')
  const role = speaker !== 'ready' || !nodeReady ? 'bad' : excluded ? 'warn' : 'ok'
  const cells: Piece[] = [node, { role, text: state }, member ?? '-', `${addresses}`]
  return cells
}

function poolCells({ name, ipv4, ipv6 }: PoolRow): Piece[][] {
  const row = (family: string, use: PoolUse | undefined): Piece[][] =>
    use ? [[name, family, `${use.used}`, `${use.kept}`, freeCell(use), use.total]] : []
  return [...row('IPv4', ipv4), ...row('IPv6', ipv6)]
}

const freeCell = ({ free }: PoolUse): Piece => (free === '0' ? { role: 'warn', text: free } : free)

const addressCells = ({ ip, node, age, pool, services }: AddressRow): Piece[] => [
  ip,
  node ?? { role: 'bad', text: 'nobody' },
  age ?? '-',
  pool ?? '-',
  services.join(', '),
]
