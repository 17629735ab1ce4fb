/** What people read of a report: blocks, whose parts have roles. How a role looks is the shell's. */
import { wrap } from './wrap.ts'

export type Role = 'ok' | 'warn' | 'bad' | 'dim'

export type Piece = string | { readonly role: Role; readonly text: string }

export type Verdict = 'ok' | 'warn' | 'broken' | 'unknown'

/** One thing that was looked at. */
export interface VerdictLine {
  readonly verdict: Verdict
  readonly subject: string
  readonly text: string
  /** What it rests on, a line each, below it. */
  readonly details?: readonly string[] | undefined
}

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly pieces: readonly Piece[] }
  | {
      readonly kind: 'table'
      readonly head: readonly string[]
      readonly rows: readonly (readonly Piece[])[]
    }
  | { readonly kind: 'verdicts'; readonly lines: readonly VerdictLine[] }

export type Text = readonly Block[]

export const heading = (text: string): Block => ({ kind: 'heading', text })
export const paragraph = (...pieces: readonly Piece[]): Block => ({ kind: 'paragraph', pieces })
export const table = (head: readonly string[], rows: readonly (readonly Piece[])[]): Block => ({
  kind: 'table',
  head,
  rows,
})
export const verdicts = (lines: readonly VerdictLine[]): Block => ({ kind: 'verdicts', lines })

/** Puts the colour of a role around a text, or nothing. `strong`: headings and heads of tables. */
export type Paint = (role: Role | 'strong', text: string) => string

export const PLAIN: Paint = (_, text) => text

/**
 * Blocks with an empty line between them, but none after a heading; each line ends in a newline. Prose is broken
 * to lines of `width` characters; tables are not, as kubectl's are not.
 */
export function renderText(text: Text, paint: Paint = PLAIN, width = Infinity): string {
  return text
    .map((block, index) => {
      const apart = index > 0 && text[index - 1]?.kind !== 'heading'
      return [...(apart ? [''] : []), ...linesOf(block, paint, width)]
    })
    .flat()
    .map((line) => `${line}\n`)
    .join('')
}

function linesOf(block: Block, paint: Paint, width: number): string[] {
  switch (block.kind) {
    case 'heading':
      return [paint('strong', clean(block.text))]
    case 'paragraph':
      return paragraphLines(block.pieces, paint, width)
    case 'table':
      return tableLines(block, paint)
    case 'verdicts':
      return verdictLines(block.lines, paint, width)
  }
}

/** Broken as one text, so that a break may be in any piece. */
function paragraphLines(pieces: readonly Piece[], paint: Paint, width: number): string[] {
  const texts = pieces.map((piece) => clean(plain(piece)))
  let rest = wrap(texts.join(''), width).join('\n')
  const whole = pieces.map((piece, i) => {
    const { length } = texts[i] ?? ''
    const part = rest.slice(0, length)
    rest = rest.slice(length)
    if (typeof piece === 'string') return part
    return part
      .split('\n')
      .map((line) => paint(piece.role, line))
      .join('\n')
  })
  return whole.join('').split('\n')
}

/** Columns as wide as they have to be; the last one is not padded. Without titles there is no head. */
function tableLines({ head, rows }: Block & { readonly kind: 'table' }, paint: Paint): string[] {
  const width = (piece: Piece | undefined) => clean(plain(piece ?? '')).length
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => width(row[i]))))
  const line = (row: readonly Piece[], put: (piece: Piece) => string) =>
    head
      .map((_, i) => {
        const piece = row[i] ?? ''
        const pad = i === head.length - 1 ? 0 : (widths[i] ?? 0) - width(piece) + 3
        return `${put(piece)}${' '.repeat(pad)}`
      })
      .join('')
      .trimEnd()
  return [
    ...(head.every((title) => title === '')
      ? []
      : [line(head, (piece) => paint('strong', plain(piece)))]),
    ...rows.map((row) => line(row, (piece) => painted(piece, paint))),
  ]
}

const MARKS: Readonly<Record<Verdict, { readonly role: Role; readonly text: string }>> = {
  ok: { role: 'ok', text: 'ok' },
  warn: { role: 'warn', text: 'warn' },
  broken: { role: 'bad', text: 'BROKEN' },
  unknown: { role: 'dim', text: '?' },
}

/** Less room than this beside marks and subjects is none: lines are longer then. */
const LEAST_ROOM = 20

function verdictLines(lines: readonly VerdictLine[], paint: Paint, width: number): string[] {
  const marks = Math.max(...Object.values(MARKS).map(({ text }) => text.length)) + 2
  const subjects = Math.max(...lines.map(({ subject }) => clean(subject).length)) + 2
  const indent = ' '.repeat(marks + subjects)
  const room = Math.max(width - indent.length, LEAST_ROOM)
  return lines.flatMap(({ verdict, subject, text, details = [] }) => {
    const mark = MARKS[verdict]
    const before = `${painted(mark, paint)}${' '.repeat(marks - mark.text.length)}`
    const [first = '', ...more] = wrap(clean(text), room)
    return [
      `${before}${clean(subject).padEnd(subjects)}${first}`.trimEnd(),
      ...more.map((it) => `${indent}${it}`),
      ...details.flatMap((it) => wrap(clean(it), room)).map((it) => `${indent}${paint('dim', it)}`),
    ]
  })
}

const plain = (piece: Piece): string => (typeof piece === 'string' ? piece : piece.text)

const painted = (piece: Piece, paint: Paint): string =>
  typeof piece === 'string' ? clean(piece) : paint(piece.role, clean(piece.text))

/** Objects hold what others wrote there: it is not to move the cursor or break a line. */
const clean = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
