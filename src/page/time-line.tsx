/** Fail-overs, newest first: from where to where, why, and how long nobody answered. */
import { useState } from 'preact/hooks'
import type { BoardMove } from '../core/report/board-state.ts'
import { causeText, duration, moment } from './model.ts'

const STEP = 20

export function TimeLine({ moves }: { readonly moves: readonly BoardMove[] }) {
  const [shown, setShown] = useState(STEP)
  return (
    <section id="time-line" aria-labelledby="time-line-title">
      <h2 id="time-line-title">Time line</h2>
      {moves.length === 0 && <p class="sub">No address has moved since the controller looks.</p>}
      <ol>
        {moves.slice(0, shown).map((move) => (
          <li key={`${move.service} ${move.to} ${move.at}`} class={move.cause}>
            <time dateTime={move.at}>{moment(move.at)}</time>
            <b>{move.addresses.join(', ') || move.service}</b>
            <span class="path">
              {move.from ?? 'unknown'} <span aria-hidden="true">→</span>
              <span class="visually-hidden">to</span> {move.to}
            </span>
            <span class="cause">{causeText(move.cause)}</span>
            {move.outageMs !== undefined && (
              <span class="outage">
                <span
                  class="length"
                  style={{ width: `${outageWidth(move.outageMs)}%` }}
                  aria-hidden="true"
                />
                {move.outageMs === 0 ? 'no outage' : `${duration(move.outageMs)} outage`}
              </span>
            )}
          </li>
        ))}
      </ol>
      {moves.length > shown && (
        <button type="button" onClick={() => setShown(shown + STEP * 5)}>
          Show more ({moves.length - shown} older)
        </button>
      )}
    </section>
  )
}

/** By orders of magnitude: 10 ms is a tenth, 10 s is all. */
const outageWidth = (ms: number): number =>
  ms <= 0 ? 0 : Math.min(100, Math.max(4, (Math.log10(ms) / 4) * 100))
