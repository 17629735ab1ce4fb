/** What is in manifests/prometheus/ and made from here: rules, for both ways to load them, and the dashboard. */
import { stringify } from 'yaml'
import { BELLWETHER, METALLB, runbookOf } from './alerts.ts'
import type { Alert } from './alerts.ts'
import { ROWS } from './dashboard.ts'
import { grafanaDashboard } from './grafana.ts'

/** As a rules file has it. */
const rule = (alert: Alert) => ({
  alert: alert.alert,
  expr: alert.expr,
  ...(alert.for && { for: alert.for }),
  labels: alert.labels,
  annotations: { message: alert.message, runbook: runbookOf(alert) },
})

const GROUPS = {
  groups: [
    { name: 'metallb.rules', rules: METALLB.map(rule) },
    { name: 'bellwether.rules', rules: BELLWETHER.map(rule) },
  ],
}

const yaml = (it: object): string =>
  stringify(it, { aliasDuplicateObjects: false, lineWidth: 0, singleQuote: true })

/** Path and content, YAML without a notice. */
export function monitoringFiles(): { readonly path: string; readonly text: string }[] {
  return [
    { path: 'manifests/prometheus/rules.yaml', text: yaml(GROUPS) },
    {
      path: 'manifests/prometheus/prometheus-rule.yaml',
      text: yaml({
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PrometheusRule',
        metadata: {
          name: 'bellwether',
          namespace: 'metallb-system',
          labels: { app: 'metallb', prometheus: 'k8s', role: 'alert-rules' },
        },
        spec: GROUPS,
      }),
    },
    {
      path: 'manifests/prometheus/grafana-dashboard.json',
      text: `${JSON.stringify(grafanaDashboard(ROWS), null, 2)}\n`,
    },
  ]
}
