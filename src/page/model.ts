/** What the parts of the page draw, from the board's state: pure. */
import type { BoardMove, BoardService, BoardState } from '../core/report/board-state.ts'

/** One line of the table: a Service with its addresses. */
export interface Row extends BoardService {
  /** What the search looks at, in lower case. */
  readonly text: string
}

const collator = new Intl.Collator('en', { numeric: true })
export const compare = (a: string, b: string): number => collator.compare(a, b)

const rows = new WeakMap<BoardService, Row>()

/** By address; those without come first. Services that did not change keep their row. */
export function rowsOf(state: BoardState): Row[] {
  const all = Object.values(state.services).map((service) => {
    const known = rows.get(service)
    if (known) return known
    const { key, addresses, pool = '', owner } = service
    const text = `${addresses.join(' ')} ${key} node:${owner?.node ?? 'nobody'} pool:${pool}`
    const row = { ...service, text: text.toLowerCase() }
    rows.set(service, row)
    return row
  })
  return all.sort((a, b) => compareAddress(sortKey(a), sortKey(b)) || compare(a.key, b.key))
}

const sortKey = (row: Row): string => (row.addresses[0] === undefined ? '' : padded(row))
const paddings = new WeakMap<Row, string>()
/** An address as text that sorts as it does. */
function padded(row: Row): string {
  const known = paddings.get(row)
  if (known !== undefined) return known
  const text = (row.addresses[0] ?? '').replace(/[0-9]+/g, (digits) => digits.padStart(5, '0'))
  paddings.set(row, text)
  return text
}
const compareAddress = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Every word must be found. */
export function search(all: readonly Row[], query: string): readonly Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return all
  return all.filter(({ text }) => words.every((word) => text.includes(word)))
}

export const nameOf = (row: BoardService): string => row.addresses.join(', ') || row.key

/** Newest first. */
export const movesOf = (state: BoardState): BoardMove[] =>
  Object.values(state.moves).sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))

const CAUSES: Readonly<Record<string, string>> = {
  first: 'first to have it',
  handover: 'handed over',
  speakerGone: 'speaker gone',
  nodeGone: 'node gone',
  speakerSilent: 'speaker silent',
  left: 'speaker left',
  uplink: 'uplink lost',
  dead: 'declared dead',
  unknown: 'cause not told',
}
export const causeText = (cause: string): string => CAUSES[cause] ?? cause

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.round(ms / 60_000)} min`
}

/** What a screen reader hears of moves: one by name, many by number. */
export function moveNews(moves: readonly BoardMove[]): string {
  const [move] = moves
  if (!move) return ''
  if (moves.length > 3) {
    const targets = [...new Set(moves.map(({ to }) => to))]
    return `${moves.length} Services moved to ${targets.length > 3 ? `${targets.length} nodes` : targets.join(', ')}`
  }
  return moves
    .map(({ service, addresses, from, to }) => {
      const what = addresses.join(', ') || service
      return `${what} moved ${from ? `from ${from} ` : ''}to ${to}`
    })
    .join('. ')
}

const stamp = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
export function moment(at: string | undefined): string {
  const ms = Date.parse(at ?? '')
  return Number.isNaN(ms) ? '' : stamp.format(ms)
}
