/** The alerts, judged by Prometheus' own promtool: each fires for the fault it is for, and for no other. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { BELLWETHER, METALLB, runbookOf } from '../../tools/monitoring/alerts.ts'
import { must } from '../lab/processes.ts'
import { but } from './cluster-series.ts'
import { FAULTS } from './faults.ts'
import type { Fault, Firing } from './faults.ts'
import { ensurePrometheus } from './prometheus.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const RULES = join(ROOT, 'manifests/prometheus/rules.yaml')
const ALERTS = [...METALLB, ...BELLWETHER]

const folder = mkdtempSync(join(tmpdir(), 'bellwether-rules-'))
before(ensurePrometheus)
after(() => rmSync(folder, { recursive: true }))

function definitionOf({ alert, labels }: Firing) {
  const found = ALERTS.find((it) => it.alert === alert && it.labels.family === labels['family'])
  return found ?? assert.fail(`no alert ${alert}`)
}

const quantities = (firing: readonly Firing[]) =>
  [...Map.groupBy(firing, ({ alert }) => alert)].map(([alertname, { length }]) => ({
    labels: `{alertname="${alertname}"}`,
    value: length,
  }))

/** What promtool expects of one of ours: all that fires, each with its words. */
const asTest = ({ name, changes, at, firing }: Fault) => ({
  name,
  interval: '1m',
  input_series: Object.entries(but(changes)).map(([series, values]) => ({ series, values })),
  alert_rule_test: [...new Set(ALERTS.map(({ alert }) => alert))].map((alertname) => ({
    eval_time: at,
    alertname,
    exp_alerts: firing
      .filter(({ alert }) => alert === alertname)
      .map((it) => ({
        exp_labels: { ...it.labels, severity: definitionOf(it).labels.severity },
        exp_annotations: { message: it.message, runbook: runbookOf(definitionOf(it)) },
      })),
  })),
  // What is not named above is not to fire either.
  promql_expr_test: [
    {
      expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
      eval_time: at,
      exp_samples: quantities(firing),
    },
  ],
})

test('monitoring/rules: promtool takes them', async () => {
  assert.match(await must(['promtool', 'check', 'rules', RULES]), /SUCCESS: \d+ rules found/)
})

for (const [i, fault] of FAULTS.entries()) {
  const what = fault.firing.map(({ alert }) => alert).join(', ') || 'silence'
  test(`monitoring/rules: ${fault.name}: ${what}`, async () => {
    const file = join(folder, `${i}.yaml`)
    // Hours are looked at less closely, or they would take some seconds.
    const evaluation_interval = fault.at.endsWith('h') ? '5m' : '1m'
    const tests = [asTest(fault)]
    writeFileSync(file, stringify({ rule_files: [RULES], evaluation_interval, tests }))
    await must(['promtool', 'test', 'rules', file])
  })
}

test('monitoring/rules: there is a fault for each alert', () => {
  const tried = new Set(FAULTS.flatMap(({ firing }) => firing.map(definitionOf)))
  assert.deepEqual(
    ALERTS.filter((alert) => !tried.has(alert)).map(({ alert }) => alert),
    [],
  )
})

test('monitoring/rules: docs/alerts.md has a section for each alert, and for no other', () => {
  const text = readFileSync(join(ROOT, 'docs/alerts.md'), 'utf8')
  const sections = [...text.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading)
  const wanted = new Set(ALERTS.map(({ alert, section }) => section ?? alert))
  assert.deepEqual(sections.sort(), [...wanted].sort())
})
