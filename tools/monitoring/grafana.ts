/** A dashboard in Grafana's JSON, from rows of panels. */
import type { Panel, Row } from './dashboard.ts'

const WIDTH = 24
const HEIGHT = { timeseries: 8, bargauge: 8, table: 8, stat: 4 } as const
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

const panel = ({ title, kind, unit, stacked, queries }: Panel) => ({
  title,
  type: kind,
  datasource: DATASOURCE,
  fieldConfig: {
    defaults: {
      ...(unit && { unit }),
      ...(kind === 'bargauge' && { min: 0, max: 1 }),
      ...(stacked && { custom: { stacking: { mode: 'normal' }, fillOpacity: 30 } }),
    },
    overrides: [],
  },
  targets: queries.map(([legendFormat, expr], i) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + i),
    datasource: DATASOURCE,
    expr,
    ...(legendFormat && { legendFormat }),
    // What counts is now, not how it came to it.
    ...(kind !== 'timeseries' && { instant: true, range: false }),
    ...(kind === 'table' && { format: 'table' }),
  })),
  ...(kind === 'table' && {
    transformations: [
      { id: 'organize', options: { excludeByName: { Time: true, Value: true, 'Value #A': true } } },
    ],
  }),
})

export function grafanaDashboard(rows: readonly Row[]): object {
  const panels: object[] = []
  let y = 0
  const add = (it: object, gridPos: object) => {
    panels.push({ id: panels.length + 1, ...it, gridPos })
  }
  for (const row of rows) {
    add(
      { title: row.title, type: 'row', collapsed: false, panels: [] },
      { x: 0, y, w: WIDTH, h: 1 },
    )
    y++
    let x = 0
    for (const it of row.panels) {
      const h = HEIGHT[it.kind]
      if (x + it.width > WIDTH) [x, y] = [0, y + h]
      add(panel(it), { x, y, w: it.width, h })
      x += it.width
    }
    y += HEIGHT[row.panels.at(-1)?.kind ?? 'stat']
  }
  return {
    uid: 'bellwether',
    title: 'Bellwether',
    tags: ['bellwether', 'metallb'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }],
    },
    annotations: { list: [] },
    panels,
  }
}
