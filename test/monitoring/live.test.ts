/**
 * A real Prometheus scrapes a controller and two speakers over HTTPS, by the rights that a real API server
 * gives it, with the manifests' configuration and rules. Faults are made, and it tells of them.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { BELLWETHER, METALLB } from '../../tools/monitoring/alerts.ts'
import { ROWS } from '../../tools/monitoring/dashboard.ts'
import { until } from '../lab/until.ts'
import { Installation, NAMESPACE, ROOT } from './installation.ts'
import { operatorCrds } from './operator.ts'
import { Prometheus, ensurePrometheus } from './prometheus.ts'
import type { Alert } from './prometheus.ts'

const SERVICE_ACCOUNT = ['prometheus-k8s', 'monitoring'] as const
const VIP = '10.89.0.64'
const manifest = (name: string) => readFileSync(join(ROOT, 'manifests/prometheus', name), 'utf8')

interface ScrapeConfig {
  readonly scrape_configs: readonly {
    readonly job_name: string
    readonly kubernetes_sd_configs?: unknown
  }[]
}

interface PodList {
  readonly items: readonly {
    readonly metadata: {
      readonly namespace: string
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
    }
    readonly spec: {
      readonly containers: readonly {
        readonly name: string
        readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
      }[]
    }
    readonly status: { readonly podIP: string }
  }[]
}

/** What `kubernetes_sd_configs` of the role pod finds (Debian's Prometheus is built without it). */
const discovered = ({ items }: PodList) =>
  items.flatMap(({ metadata, spec, status }) =>
    spec.containers.flatMap((container) =>
      container.ports.map((port) => ({
        targets: [`${status.podIP}:${port.containerPort}`],
        labels: {
          __meta_kubernetes_namespace: metadata.namespace,
          __meta_kubernetes_pod_name: metadata.name,
          __meta_kubernetes_pod_container_name: container.name,
          __meta_kubernetes_pod_container_port_name: port.name,
          ...Object.fromEntries(
            Object.entries(metadata.labels).map(([label, value]) => [
              `__meta_kubernetes_pod_label_${label}`,
              value,
            ]),
          ),
        },
      })),
    ),
  )

/** The manifests', with a token of outside the cluster, and as often as a test has patience for. */
async function configure(it: Installation): Promise<string> {
  const [name, namespace] = SERVICE_ACCOUNT
  await it.api.kubectl('create', 'namespace', namespace)
  await it.api.kubectl('create', 'serviceaccount', name, '-n', namespace)
  await it.api.apply(manifest('rbac.yaml'))
  const token = join(it.folder, 'token')
  writeFileSync(token, (await it.api.kubectl('create', 'token', name, '-n', namespace)).trim())
  writeFileSync(join(it.folder, 'rules.yaml'), manifest('rules.yaml'))
  const as = ['--as', `system:serviceaccount:${namespace}:${name}`]
  const pods = await it.api.kubectl('get', 'pods', '-n', NAMESPACE, '-o', 'json', ...as)
  const found = join(it.folder, 'pods.json')
  writeFileSync(found, JSON.stringify(discovered(JSON.parse(pods) as PodList)))
  const config = parse(manifest('scrape-config.yaml')) as ScrapeConfig
  const scrape_configs = config.scrape_configs.map(({ kubernetes_sd_configs: _, ...job }) => ({
    ...job,
    authorization: { credentials_file: token },
    file_sd_configs: [{ files: [found] }],
  }))
  const global = { scrape_interval: '1s', evaluation_interval: '1s' }
  const file = join(it.folder, 'prometheus.yaml')
  writeFileSync(file, stringify({ ...config, global, scrape_configs }))
  return file
}

let it: Installation
let prometheus: Prometheus
let crds: readonly string[]
before(async () => {
  await ensurePrometheus()
  crds = await operatorCrds()
  it = await Installation.start()
  const config = await configure(it)
  prometheus = await Prometheus.start(it.daemons, it.folder, config, 9090)
  await it.pool('pool', [`${VIP}-10.89.0.65`])
  await it.advertise()
  await it.service('one')
})
after(() => it.stop())

const told = async (alert: string): Promise<Alert[]> =>
  (await prometheus.alerts()).alerts.filter(({ labels }) => labels['alertname'] === alert)

/** What it tells once `count` of that name do: sorted, in its words. */
const messages = (alert: string, count: number): Promise<string[]> =>
  until(`${count} ${alert}`, async () => {
    const all = await told(alert)
    return all.length === count && all.map(({ annotations }) => annotations['message'] ?? '').sort()
  })

interface Target {
  readonly labels: Readonly<Record<string, string>>
  readonly health: string
  readonly lastError: string
}

test('monitoring/live: all targets are found and scraped, over HTTPS, by the rights of the manifest', async () => {
  const targets = await until('three targets', async () => {
    const { activeTargets } = await prometheus.get<{ activeTargets: Target[] }>('targets')
    const wrong = activeTargets.filter(({ health }) => health !== 'up')
    if (wrong.length > 0) throw new Error(wrong.map(({ lastError }) => lastError).join('; '))
    return activeTargets.length === 3 && activeTargets
  })
  assert.deepEqual(targets.map(({ labels }) => `${labels['job']} ${labels['pod']}`).sort(), [
    'controller-monitor-service controller-w1',
    'speaker-monitor-service speaker-w1',
    'speaker-monitor-service speaker-w2',
  ])
})

test('monitoring/live: the rules are loaded and evaluated without error, and tell of nothing', async () => {
  await until('the address to be announced', async () => {
    const announced = await prometheus.query(`metallb_speaker_announced{ip="${VIP}"}`)
    return announced.length === 1
  })
  const rules = await until('all rules to be evaluated', async () => {
    const { groups } = await prometheus.get<{
      groups: { rules: { name: string; health: string; lastError?: string }[] }[]
    }>('rules')
    const all = groups.flatMap(({ rules }) => rules)
    return all.every(({ health }) => health !== 'unknown') && all
  })
  assert.equal(rules.length, METALLB.length + BELLWETHER.length)
  assert.deepEqual(
    rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => [name, lastError]),
    [],
  )
  await until('nothing to be told of', async () => {
    const { alerts } = await prometheus.alerts()
    if (alerts.length > 0) throw new Error(JSON.stringify(alerts))
    return true
  })
})

test('monitoring/live: a pool without a free address is told of', async () => {
  await it.service('two')
  const used = await messages('MetalLBAddressPoolUsage95Percent', 1)
  assert.deepEqual(used, ['address pool pool is past 95% usage: 100%'])
  assert.equal((await told('MetalLBAddressPoolUsage95Percent'))[0]?.state, 'firing')
  // That one has to hold for a minute.
  assert.equal((await messages('MetalLBAddressPoolExhausted', 1)).length, 1)
})

test('monitoring/live: a configuration that cannot be used is told of, by who cannot', async () => {
  await it.pool('overlaps', [`${VIP}/32`])
  assert.deepEqual(
    await messages('MetalLBStaleConfig', 3),
    [
      'controller-monitor-service at 10.89.0.3:9122',
      'speaker-monitor-service at 10.89.0.1:9120',
      'speaker-monitor-service at 10.89.0.2:9121',
    ].map((who) => `${who} has a stale configuration for more than a minute`),
  )
})

test('monitoring/live: a stranger that has our address is told of, with its MAC', async () => {
  const conflict = until('it to be told of', async () => {
    await it.arping('10.89.0.1', VIP)
    return (await told('BellwetherAddressConflict')).find(({ state }) => state === 'firing')
  })
  const { labels, annotations } = await conflict
  assert.equal(labels['ip'], VIP)
  assert.match(labels['mac'] ?? '', /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
  assert.equal(annotations['message'], `a stranger with the MAC ${labels['mac']} uses ${VIP}`)
})

/** Nothing of the kind has happened here. */
const SILENT = [
  'Services announced by nobody, by reason',
  'Silences held against nobody, by reason',
]

test('monitoring/live: each expression of the dashboard is answered, with what there is', async () => {
  await it.arping(VIP)
  for (const { title, queries } of ROWS.flatMap(({ panels }) => panels)) {
    for (const [, expr] of queries) {
      const ready = expr.replaceAll('$__rate_interval', '1m')
      if (SILENT.includes(title)) await prometheus.query(ready)
      else {
        await until(`${title}: ${ready}`, async () => (await prometheus.query(ready)).length > 0)
      }
    }
  }
})

test('monitoring/live: a speaker that is gone is told of', async () => {
  await it.daemons.stop('speaker-w2')
  const messages = await until('it to be told of', async () => {
    const all = await told('BellwetherSpeakerDown')
    return all.length > 0 && all.map(({ annotations }) => annotations['message'])
  })
  assert.deepEqual(messages, ['the speaker at 10.89.0.2:9121 does not answer for more than 2 min'])
})

test('monitoring/live: what is for the operator is taken by its kinds, with nothing that they do not know', async () => {
  for (const file of crds) await it.api.kubectl('create', '-f', file)
  for (const kind of ['servicemonitors', 'podmonitors', 'prometheusrules']) {
    await until(`${kind} to be served`, () => it.api.kubectl('get', kind, '-A'))
  }
  for (const name of ['service-monitors.yaml', 'pod-monitors.yaml', 'prometheus-rule.yaml']) {
    await it.api.kubectlWith(manifest(name), 'apply', '--validate=strict', '-f', '-')
  }
})
