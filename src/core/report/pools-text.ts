/** Pools and their holders, for people. */
import type { PoolRow, PoolsReport } from './pools.ts'
import { paragraph, table } from './text.ts'
import type { Block, Piece, Text } from './text.ts'

export function poolsText({ pools, holders, strangers }: PoolsReport): Text {
  const head = ['POOL', 'USED', 'FREE', 'TOTAL', 'AUTO', 'ADDRESSES']
  const overview =
    pools.length === 0 ? paragraph('no IPAddressPool') : table(head, pools.map(poolCells))
  const kept = pools.flatMap(({ name, kept }) =>
    kept.map(({ addresses, service, until }) => [addresses.join(', '), name, service, until]),
  )
  return [
    overview,
    ...section(
      ['ADDRESS', 'POOL', 'SERVICES', 'NODE'],
      holders.map(({ address, pool, services, node }) => [
        address,
        pool,
        services.join(', '),
        announcer(node),
      ]),
    ),
    ...section(['KEPT', 'POOL', 'FOR', 'UNTIL'], kept),
    ...section(
      ['OF NO POOL', 'SERVICES'],
      strangers.map(({ address, services }) => [
        { role: 'warn', text: address },
        services.join(', '),
      ]),
    ),
  ]
}

const announcer = (node: string | null | undefined): Piece =>
  node === null ? { role: 'warn', text: 'nobody' } : (node ?? '?')

const section = (head: readonly string[], rows: readonly (readonly Piece[])[]): readonly Block[] =>
  rows.length === 0 ? [] : [table(head, rows)]

function poolCells({ name, ipv4, ipv6, autoAssign, addresses }: PoolRow): Piece[] {
  const both = [ipv4, ipv6].filter((it) => it !== undefined)
  const text = (field: 'used' | 'free' | 'total') => both.map((it) => short(it[field])).join(' + ')
  const full = both.length > 0 && both.every(({ free }) => free === 0)
  const free: Piece = full ? { role: 'bad', text: text('free') } : text('free')
  return [name, text('used'), free, text('total'), autoAssign ? 'yes' : 'no', addresses.join(', ')]
}

/** Those of IPv6 pools are of no use digit by digit. */
const short = (count: number | string): string =>
  Number(count) < 10_000_000 ? `${count}` : Number(count).toExponential(1).replace('+', '')
