/** The dashboard and the alerts ask for nothing that no program exports. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BELLWETHER, METALLB } from '../../tools/monitoring/alerts.ts'
import { ROWS } from '../../tools/monitoring/dashboard.ts'
import { ofController, ofSpeaker, seriesOf } from './exported.ts'

/** Metrics in a PromQL expression, with the labels that are asked of them. */
function asked(expr: string): { readonly name: string; readonly labels: readonly string[] }[] {
  const found = expr.matchAll(/\b((?:metallb|bellwether|process)_\w+)(?:\{([^}]*)\})?/g)
  return [...found].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)(?:=|!)/g)].map(([, label = '']) => label),
  }))
}

const PANELS = ROWS.flatMap(({ panels }) => panels)
const EXPRESSIONS = [
  ...PANELS.flatMap(({ queries }) => queries.map(([, expr]) => expr)),
  ...[...METALLB, ...BELLWETHER].map(({ expr }) => expr),
]
/** What Prometheus itself adds to all that it scrapes. */
const SCRAPED = ['job', 'instance', 'le']

test('monitoring/dashboard: it and the alerts ask only for metrics and labels that the programs export', async () => {
  const both = [await ofController(), await ofSpeaker()]
  const series = new Set(both.flatMap(seriesOf))
  const labels = new Map(both.flatMap((metrics) => [...metrics]))
  assert.ok(EXPRESSIONS.length > 50)
  const wrong = EXPRESSIONS.flatMap(asked).flatMap(({ name, labels: wanted }) => {
    if (!series.has(name)) return [name]
    const known = [...(labels.get(name)?.labels ?? []), ...SCRAPED]
    return wanted.filter((label) => !known.includes(label)).map((label) => `${name}{${label}}`)
  })
  assert.deepEqual([...new Set(wrong)], [])
})

interface Grid {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

test('monitoring/dashboard: no panel lies on another, and each is within the width', () => {
  const url = new URL('../../manifests/prometheus/grafana-dashboard.json', import.meta.url)
  const { panels } = JSON.parse(readFileSync(url, 'utf8')) as {
    panels: { readonly id: number; readonly title: string; readonly gridPos: Grid }[]
  }
  assert.equal(panels.length, PANELS.length + ROWS.length)
  const taken = new Map<string, string>()
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.equal(taken.get(`${x} ${y}`), undefined, `${title} lies on another`)
        taken.set(`${x} ${y}`, title)
      }
    }
  }
})
