/** Pools as bars, filled as far as their addresses are in use, with those addresses. */
import { useMemo } from 'preact/hooks'
import type { BoardPool } from '../core/report/board-state.ts'
import { compare, nameOf } from './model.ts'
import type { Row } from './model.ts'

const SHOWN = 100

interface Props {
  readonly pools: readonly BoardPool[]
  readonly rows: readonly Row[]
  readonly show: (query: string) => void
}

export function Pools({ pools, rows, show }: Props) {
  const byPool = useMemo(() => Map.groupBy(rows, ({ pool }) => pool ?? ''), [rows])
  return (
    <section id="pools" aria-labelledby="pools-title">
      <h2 id="pools-title">Pools</h2>
      {pools.length === 0 && <p class="sub">There is no IPAddressPool yet.</p>}
      {[...pools]
        .sort((a, b) => compare(a.name, b.name))
        .map((pool) => (
          <Pool key={pool.name} pool={pool} rows={byPool.get(pool.name) ?? []} show={show} />
        ))}
    </section>
  )
}

function Pool({
  pool,
  rows,
  show,
}: {
  readonly pool: BoardPool
  readonly rows: readonly Row[]
  readonly show: Props['show']
}) {
  const { name, ranges, usage, share, autoAssign } = pool
  const percent = share > 0 && share < 0.01 ? '< 1 %' : `${Math.floor(share * 100)} %`
  const tone = share >= 1 ? 'full' : share >= 0.8 ? 'high' : ''
  return (
    <article class="pool">
      <h3>
        {name} {!autoAssign && <small>on request only</small>}
      </h3>
      <p class="figures">
        {usage ? `${usage.used} used, ${usage.free} free of ${usage.total}` : 'not counted yet'}
      </p>
      <div
        class={`bar ${tone}`}
        role="meter"
        aria-label={`Use of pool ${name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        aria-valuetext={percent}
      >
        <span class="fill" style={{ width: `${share * 100}%` }} />
        <span class="percent">{percent}</span>
      </div>
      <details>
        <summary>
          {rows.length} Services in {ranges.length === 1 ? ranges[0] : `${ranges.length} ranges`}
        </summary>
        {ranges.length > 1 && <p class="sub">{ranges.slice(0, SHOWN).join(', ')}</p>}
        <ul class="chips" aria-label={`Addresses of ${name}`}>
          {rows.slice(0, SHOWN).map((row) => (
            <li key={row.key} title={row.key}>
              {nameOf(row)}
            </li>
          ))}
        </ul>
        <button type="button" onClick={() => show(`pool:${name}`)}>
          {rows.length > SHOWN ? `and ${rows.length - SHOWN} more: ` : ''}show in the table
        </button>
      </details>
    </article>
  )
}
