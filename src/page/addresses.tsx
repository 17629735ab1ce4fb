/**
 * Every Service with its addresses, node and pool: the picture in words. Only the rows in sight are in the
 * document; a screen reader is told their number and place.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { moment } from './model.ts'
import type { Row } from './model.ts'

/** Beyond what is in sight, on each side. */
const SPARE = 8

const COLUMNS = ['Address', 'Service', 'Node', 'Interface', 'Pool', 'Since', 'Why this node']

export function Addresses({
  rows,
  total,
}: {
  readonly rows: readonly Row[]
  readonly total: number
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 600 })
  // Narrow rows are cards: the style sheet has the same heights.
  const [rowHeight, setRowHeight] = useState(36)
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const narrow = matchMedia('(max-width: 760px)')
    const measure = () => {
      setRowHeight(narrow.matches ? 136 : 36)
      setView({ top: element.scrollTop, height: element.clientHeight })
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    narrow.addEventListener('change', measure)
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
      narrow.removeEventListener('change', measure)
    }
  }, [])
  const inSight = Math.ceil(view.height / rowHeight)
  const lastTop = Math.max(0, rows.length - inSight)
  const first = Math.max(0, Math.min(Math.floor(view.top / rowHeight), lastTop) - SPARE)
  const end = Math.min(rows.length, first + inSight + 2 * SPARE)
  return (
    <section id="addresses" aria-labelledby="addresses-title">
      <h2 id="addresses-title" tabIndex={-1}>
        All addresses
      </h2>
      <p class="sub">
        {rows.length === total ? `${total} Services` : `${rows.length} of ${total} Services`}
      </p>
      <div
        class="table"
        role="table"
        aria-labelledby="addresses-title"
        aria-rowcount={rows.length + 1}
        aria-colcount={COLUMNS.length}
      >
        <div role="rowgroup">
          <div class="row head" role="row" aria-rowindex={1}>
            {COLUMNS.map((name) => (
              <span key={name} role="columnheader">
                {name}
              </span>
            ))}
          </div>
        </div>
        <div
          class="scroller"
          role="rowgroup"
          tabIndex={0}
          ref={scroller}
          aria-label="Services, scrollable"
        >
          <div class="before" role="presentation" style={{ height: `${first * rowHeight}px` }} />
          {rows.slice(first, end).map((row, i) => (
            <div class="row" role="row" key={row.key} aria-rowindex={first + i + 2}>
              <span role="cell" class="address">
                {row.addresses.join(', ') || 'none yet'}
              </span>
              <span role="cell" title={row.key}>
                {row.key}
              </span>
              <span role="cell">{row.owner?.node ?? 'nobody'}</span>
              <span role="cell">{row.owner ? row.owner.interfaces.join(', ') || 'all' : ''}</span>
              <span role="cell">{row.pool}</span>
              <span role="cell">{moment(row.owner?.since)}</span>
              <span role="cell" title={row.owner?.why}>
                {row.owner?.why}
              </span>
            </div>
          ))}
          <div role="presentation" style={{ height: `${(rows.length - end) * rowHeight}px` }} />
          {rows.length === 0 && <p class="sub none">No Service is like that.</p>}
        </div>
      </div>
    </section>
  )
}
