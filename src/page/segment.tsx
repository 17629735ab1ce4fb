/**
 * The segment: nodes hang on one wire, each with the addresses that it answers for. A node with many shows
 * those that came last, and the rest as a number. An address that moves is seen moving.
 */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { BoardNode } from '../core/report/board-state.ts'
import { compare, nameOf } from './model.ts'
import type { Row } from './model.ts'

const ALL_UP_TO = 24
/** Of more than that, the card shows these and a number. */
const SHOWN = 12
/** More cards than these are no picture any more. */
const CARDS = 60
const MOVE_MS = 900
/** More that move at once are a blur. */
const FLYING = 40

interface Card {
  readonly name: string
  readonly node: BoardNode | undefined
  readonly rows: readonly Row[]
}

interface Props {
  readonly nodes: readonly BoardNode[]
  readonly rows: readonly Row[]
  readonly found: readonly Row[]
  readonly show: (query: string) => void
}

export function Segment({ nodes, rows, found, show }: Props) {
  const cards = useMemo(() => cardsOf(nodes, rows), [nodes, rows])
  const picture = useRef<HTMLUListElement>(null)
  const lit = found.length < rows.length ? new Set(found) : undefined
  const most = Math.max(1, ...cards.map((card) => card.rows.length))
  useFlights(picture, cards)
  return (
    <section id="segment" aria-labelledby="segment-title">
      <h2 id="segment-title">Segment</h2>
      <p class="sub">
        {nodes.length} nodes, {rows.filter(({ owner }) => owner).length} of {rows.length} Services
        announced
      </p>
      <ul class="wire" ref={picture}>
        {cards.slice(0, CARDS).map((card) => (
          <li key={card.name} class={`card ${toneOf(card)}`} data-node={card.name}>
            <h3>{card.name || 'announced by nobody'}</h3>
            <p class="state">
              <span class="dot" aria-hidden="true" /> {stateOf(card)}
            </p>
            <button
              class="count"
              type="button"
              onClick={() => show(`node:${card.name || 'nobody'}`)}
              aria-label={`${card.rows.length} Services on ${card.name || 'no node'}: show them in the table`}
            >
              <strong>{card.rows.length}</strong>
              <meter min={0} max={most} value={card.rows.length} aria-hidden="true" tabIndex={-1} />
            </button>
            <ul class="chips" aria-label={`Addresses on ${card.name || 'no node'}`}>
              {latest(card.rows, lit).map((row) => (
                <li
                  key={row.key}
                  data-key={row.key}
                  title={row.key}
                  class={lit ? (lit.has(row) ? 'lit' : 'dim') : ''}
                >
                  {nameOf(row)}
                </li>
              ))}
              {card.rows.length > ALL_UP_TO && (
                <li class="more">and {card.rows.length - SHOWN} more</li>
              )}
            </ul>
          </li>
        ))}
      </ul>
      {cards.length > CARDS && <p class="sub">and {cards.length - CARDS} more nodes</p>}
    </section>
  )
}

function cardsOf(nodes: readonly BoardNode[], rows: readonly Row[]): Card[] {
  const known = new Map(nodes.map((node) => [node.name, node]))
  const byNode = new Map<string, Row[]>()
  for (const row of rows) {
    const name = row.owner?.node ?? ''
    const list = byNode.get(name)
    if (list) list.push(row)
    else byNode.set(name, [row])
  }
  const names = [...new Set([...known.keys(), ...byNode.keys()])].sort(compare)
  return names.map((name) => ({ name, node: known.get(name), rows: byNode.get(name) ?? [] }))
}

/** Those that are sought, then those that came last, in order of address. */
function latest(rows: readonly Row[], lit: ReadonlySet<Row> | undefined): readonly Row[] {
  if (rows.length <= ALL_UP_TO) return rows
  const since = (row: Row) => row.owner?.since ?? ''
  const chosen = [...rows].sort(
    (a, b) =>
      Number(lit?.has(b) ?? false) - Number(lit?.has(a) ?? false) ||
      (since(a) < since(b) ? 1 : since(a) > since(b) ? -1 : 0),
  )
  const shown = new Set(chosen.slice(0, SHOWN))
  return rows.filter((row) => shown.has(row))
}

function toneOf({ name, node }: Card): string {
  if (name === '') return 'bad'
  if (!node?.ready) return 'bad'
  if (node.speaker !== 'ready') return 'off'
  return node.excluded ? 'off' : 'good'
}

function stateOf({ name, node }: Card): string {
  if (name === '') return 'waiting'
  if (!node) return 'not a node of this cluster'
  if (!node.ready) return 'node not ready'
  if (node.excluded) return 'drained'
  return { ready: 'ready', 'not ready': 'speaker not ready', none: 'no speaker' }[node.speaker]
}

/** Where a chip is now on another card than before, it flies there. */
function useFlights(picture: { current: HTMLUListElement | null }, cards: readonly Card[]): void {
  const before = useRef(new Map<string, { readonly card: string; readonly box: DOMRect }>())
  useLayoutEffect(() => {
    const list = picture.current
    if (!list) return
    const now: typeof before.current = new Map()
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches || document.hidden
    let flying = 0
    for (const card of list.children) {
      const name = (card as HTMLElement).dataset['node'] ?? ''
      for (const chip of card.querySelectorAll<HTMLElement>('[data-key]')) {
        const key = chip.dataset['key'] ?? ''
        const box = chip.getBoundingClientRect()
        now.set(key, { card: name, box: pageBox(box) })
        const old = before.current.get(key)
        if (!old || old.card === name) continue
        chip.dataset['moved'] = String(Number(chip.dataset['moved'] ?? 0) + 1)
        if (still || ++flying > FLYING) continue
        const from = `translate(${old.box.x - scrollX - box.x}px, ${old.box.y - scrollY - box.y}px)`
        const flight = [
          { transform: from, zIndex: 2, position: 'relative' },
          { transform: 'none', zIndex: 2, position: 'relative' },
        ]
        chip.animate(flight, { duration: MOVE_MS, easing: 'cubic-bezier(.3,.1,.2,1)' })
      }
    }
    before.current = now
  }, [cards])
}

const pageBox = (box: DOMRect): DOMRect =>
  new DOMRect(box.x + scrollX, box.y + scrollY, box.width, box.height)
