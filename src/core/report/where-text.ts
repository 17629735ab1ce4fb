/** `where` for people: a short table for each address. */
import { takeoverWords } from '../election/takeover.ts'
import { rivalText } from './speaker-words.ts'
import { heading, paragraph, table } from './text.ts'
import type { Block, Piece, Text } from './text.ts'
import type { WhereReport, Whereabouts } from './where.ts'

export function whereText({ addresses, message }: WhereReport): Text {
  if (message !== undefined) return [paragraph({ role: 'warn', text: message })]
  return addresses.flatMap(addressText)
}

function addressText(it: Whereabouts): Block[] {
  const { ip, services, pool, node, interfaces, since, age, why, next, takeover, advice } = it
  const row = (name: string, ...pieces: Piece[]): readonly Piece[] => [
    { role: 'dim', text: name },
    ...pieces,
  ]
  const on = interfaces.map(({ name, mac }) => (mac === undefined ? name : `${name} (MAC ${mac})`))
  const rows = [
    row('services', services.join(', ')),
    ...(pool === undefined ? [] : [row('pool', pool)]),
    row('node', node ?? { role: 'bad', text: 'nobody tells that it announces it' }),
    ...(node === undefined ? [] : [row('interfaces', on.join(', ') || 'all that qualify')]),
    ...(since === undefined ? [] : [row('since', `${since} (${age ?? ''})`)]),
    ...(why === undefined ? [] : [row('why', why)]),
    ...(takeover === undefined ? [] : [row('how', takeoverWords(takeover))]),
    ...(node === undefined ? [] : [row('next', next ?? 'nobody: no other node may announce it')]),
    row('segment', segmentPiece(it)),
    ...it.notSeen.map((what) => row('not seen', { role: 'dim', text: what })),
  ]
  return [
    heading(ip),
    table(['', ''], rows),
    ...(advice === undefined ? [] : [paragraph({ role: 'bad', text: 'Fix: ' }, advice)]),
  ]
}

function segmentPiece({ segment, rivals, node }: Whereabouts): Piece {
  switch (segment) {
    case 'alone':
      return { role: 'ok', text: `${node ?? ''} hears nobody else use it` }
    case 'rivals':
      return { role: 'bad', text: rivals.map(rivalText).join('; ') }
    case 'unknown':
      return { role: 'dim', text: 'not known' }
  }
}
