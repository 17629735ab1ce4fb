/** The chart and the kustomizations: the same objects as the plain manifests, and ones that a real API server takes. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { CHART, helmBinary } from '../lab/helm.ts'
import { must } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { operatorCrds } from '../monitoring/operator.ts'
import { ApiServer } from './api-server.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

interface KubeObject {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    annotations?: Record<string, string>
  }
}

let api: ApiServer
let helm: string
let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-helm-'))
  helm = await helmBinary()
  api = await ApiServer.start()
  await api.kubectl('create', 'namespace', 'metallb-system')
  await api.kubectl('create', 'namespace', 'elsewhere')
  for (const file of await operatorCrds()) await api.kubectl('create', '-f', file)
  await api.apply(read('charts/bellwether/objects/crds.yaml'))
  await until('the kinds to be served', () =>
    api.kubectl('get', 'ipaddresspools,podmonitors', '-A'),
  )
})
after(async () => {
  await api.stop()
  rmSync(folder, { recursive: true })
})

/** Kubernetes reads YAML 1.1, in which 0400 is octal. */
const objectsOf = (text: string): Map<string, KubeObject> =>
  new Map(
    parseAllDocuments(text, { version: '1.1' })
      .map((it) => it.toJS() as KubeObject | null)
      .filter((it) => it !== null)
      .map((it) => [`${it.kind} ${it.metadata.namespace ?? ''}/${it.metadata.name}`, it]),
  )

function template(values: object, namespace = 'metallb-system'): Promise<string> {
  const file = join(folder, 'values.yaml')
  writeFileSync(file, JSON.stringify(values))
  const argv = ['template', 'bellwether', CHART, '-n', namespace, '-f', file]
  return must([helm, ...argv, '--kube-version=1.34'])
}

test('helm: with default values, the objects are those of the plain manifests', async () => {
  const rendered = objectsOf(await template({}))
  for (const it of rendered.values()) {
    if (it.kind !== 'CustomResourceDefinition') continue
    assert.equal(it.metadata.annotations?.['helm.sh/resource-policy'], 'keep')
    delete it.metadata.annotations
  }
  const plain = objectsOf(read('manifests/bellwether.yaml'))
  // The namespace is Helm's: --create-namespace.
  assert.ok(plain.delete('Namespace /metallb-system'))
  assert.deepEqual([...rendered.keys()].sort(), [...plain.keys()].sort())
  for (const [key, it] of plain) assert.deepEqual(rendered.get(key), it, key)
})

test('helm: lint has nothing to say', async () => {
  await must([helm, 'lint', '--strict', CHART])
})

const monitors = {
  prometheus: {
    serviceAccount: 'prometheus-k8s',
    namespace: 'monitoring',
    serviceMonitor: { enabled: true, interval: '10s', speaker: { additionalLabels: { a: 'b' } } },
    podMonitor: { enabled: true, relabelings: [{ action: 'labeldrop', regex: 'x' }] },
    prometheusRule: {
      enabled: true,
      staleConfig: { enabled: false },
      addressPoolExhausted: { excludePools: 'lab.*', labels: { team: 'net' } },
      addressPoolUsage: { thresholds: [{ percent: 60, labels: { severity: 'info' } }] },
      extraAlerts: [{ alert: 'Mine', expr: 'vector(1)' }],
    },
  },
}

const VALUE_SETS: Readonly<Record<string, object>> = {
  'default values': {},
  'everything of Prometheus': monitors,
  'all that a workload can be given': {
    imagePullSecrets: [{ name: 'pull' }],
    loadBalancerClass: 'example.com/lb',
    nameOverride: 'bell',
    networkpolicies: { enabled: true, defaultDeny: true, apiPort: 443 },
    tls: {
      minVersion: 'VersionTLS12',
      controllerMetricsTLSSecret: 'c',
      speakerMetricsTLSSecret: 's',
    },
    prometheus: { scrapeAnnotations: true, metricsPort: 9999 },
    controller: {
      replicas: 1,
      dashboard: { enabled: true, port: 8081 },
      image: { repository: 'images.example.com:5000/bellwether', tag: '1', pullPolicy: 'Always' },
      strategy: { type: 'Recreate' },
      serviceAccount: { name: 'other', annotations: { a: 'b' } },
      resources: { limits: { memory: '256Mi' } },
      nodeSelector: { a: 'b' },
      tolerations: [{ operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      podAnnotations: { a: 'b' },
      labels: { team: 'net' },
      livenessProbe: { enabled: false },
      readinessProbe: { timeoutSeconds: 7 },
      extraContainers: [{ name: 'beside', image: 'x' }],
      extraArgs: ['--leader-elect=false'],
    },
    speaker: {
      updateStrategy: { type: 'OnDelete' },
      startupProbe: { enabled: true },
      memberlist: { mlBindPort: 7947, mlBindAddrOverride: '0.0.0.0', mlSecretKeyPath: '/etc/key' },
      excludeInterfaces: { enabled: false },
      ignoreExcludeLB: true,
      secretName: 'gossip',
      tolerateMaster: false,
    },
  },
  'no gossip, no webhooks': {
    controller: { webhookMode: 'disabled' },
    speaker: { memberlist: { enabled: false } },
    crds: { validationFailurePolicy: 'Fail' },
  },
  'no speaker, no roles': { speaker: { enabled: false }, rbac: { create: false } },
}

for (const [name, values] of Object.entries(VALUE_SETS)) {
  test(`helm: the API server takes ${name}, in another namespace`, async () => {
    const text = await template(values, 'elsewhere')
    assert.ok(!text.includes('metallb-system'))
    await api.kubectlWith(text, 'apply', '--dry-run=server', '--validate=strict', '-f', '-')
  })
}

const podOf = (text: string, key: string) => {
  const it = objectsOf(text).get(key) as unknown as {
    spec: {
      template: { spec: { containers: Record<string, unknown>[]; serviceAccountName: string } }
    }
  }
  return it.spec.template.spec
}

test('helm: values come to where they belong', async () => {
  const text = await template(VALUE_SETS['all that a workload can be given'] ?? {})
  const pod = podOf(text, 'Deployment metallb-system/controller')
  assert.equal(pod.serviceAccountName, 'other')
  const [controller, beside] = pod.containers
  assert.equal(controller?.['image'], 'images.example.com:5000/bellwether:1')
  assert.equal(controller['imagePullPolicy'], 'Always')
  assert.equal(controller['livenessProbe'], undefined)
  assert.equal((controller['readinessProbe'] as { timeoutSeconds: number }).timeoutSeconds, 7)
  assert.deepEqual(controller['resources'], { limits: { memory: '256Mi' } })
  assert.deepEqual(controller['args'], [
    '--log-level=info',
    '--port=9999',
    '--lb-class=example.com/lb',
    '--tls-min-version=VersionTLS12',
    '--metrics-cert-dir=/etc/metrics',
    '--dashboard-port=8081',
    '--leader-elect=false',
  ])
  assert.equal(beside?.['name'], 'beside')
  for (const role of ['RoleBinding metallb-system/', 'ClusterRoleBinding /metallb-system:']) {
    const { subjects } = objectsOf(text).get(`${role}controller-dashboard`) as unknown as {
      subjects: { name: string }[]
    }
    assert.equal(subjects[0]?.name, 'other')
  }
  const [speaker] = podOf(text, 'DaemonSet metallb-system/speaker').containers
  const env = Object.fromEntries(
    (speaker?.['env'] as { name: string; value?: string }[]).map((it) => [it.name, it.value]),
  )
  assert.equal(env['METALLB_ML_LABELS'], 'app=bell,component=speaker')
  assert.equal(env['METALLB_ML_BIND_ADDR'], '0.0.0.0')
  assert.equal(env['METALLB_ML_BIND_PORT'], '7947')
  assert.equal(env['METALLB_ML_SECRET_KEY_PATH'], '/etc/key')
  assert.ok((speaker?.['args'] as string[]).includes('--ignore-exclude-lb'))
})

test('helm: alerts are as the values say', async () => {
  const rule = objectsOf(await template(monitors)).get('PrometheusRule metallb-system/bellwether')
  const { groups } = (
    rule as unknown as {
      spec: { groups: { name: string; rules: { alert: string; expr: string; labels: object }[] }[] }
    }
  ).spec
  const [metallb, bellwether, extra] = groups
  assert.deepEqual(
    metallb?.rules.map(({ alert }) => alert),
    ['MetalLBConfigNotLoaded', 'MetalLBAddressPoolExhausted', 'MetalLBAddressPoolUsage60Percent'],
  )
  const [, exhausted, usage] = metallb.rules
  assert.match(
    exhausted?.expr ?? '',
    /_in_use_total\{pool!~"lab\.\*"\}\) >= .*_total\{pool!~"lab\.\*"\}\)$/,
  )
  assert.deepEqual(exhausted?.labels, { severity: 'critical', team: 'net' })
  assert.match(usage?.expr ?? '', /> 60$/)
  assert.deepEqual(usage?.labels, { severity: 'info' })
  assert.equal(bellwether?.name, 'bellwether.rules')
  assert.equal(extra?.rules[0]?.alert, 'Mine')
})

for (const [what, values, message] of [
  ['a value that there is not', { speaker: { logLevle: 'debug' } }, /logLevle.*not allowed/s],
  ['a level that there is not', { speaker: { logLevel: 'loud' } }, /must be one of/],
  [
    'an image of MetalLB',
    { speaker: { image: { repository: 'quay.io/metallb/speaker' } } },
    /expected an image of Bellwether/,
  ],
  [
    'chosen nodes without gossip',
    { speaker: { memberlist: { enabled: false }, nodeSelector: { a: 'b' } } },
    /speaker.nodeSelector: expected none/,
  ],
  [
    'a ServiceMonitor for nobody',
    { prometheus: { serviceMonitor: { enabled: true } } },
    /prometheus.serviceAccount: expected/,
  ],
] as const) {
  test(`helm: refuses ${what}`, async () => {
    await assert.rejects(template(values), message)
  })
}

test("helm: values of MetalLB's that have no effect are accepted and told", async () => {
  const file = join(folder, 'metallb.yaml')
  const values = {
    frrk8s: { enabled: true },
    speaker: { frr: { enabled: true }, reloader: { resources: {} } },
  }
  writeFileSync(file, JSON.stringify(values))
  const dry = ['--dry-run=client', '--take-ownership']
  const notes = await installed('install', 'x', CHART, '-n', 'metallb-system', '-f', file, ...dry)
  assert.match(
    notes,
    /no effect:\n {2}- speaker.frr: there is no FRR\n {2}- speaker.reloader: .*\n {2}- frrk8s: /,
  )
})

test('kustomize: manifests/ is the plain manifests', async () => {
  const made = objectsOf(await api.kubectl('kustomize', join(ROOT, 'manifests')))
  const plain = objectsOf(read('manifests/bellwether.yaml'))
  assert.deepEqual(made, plain)
})

test("kustomize: the example's objects are taken, with its image and components", async () => {
  const example = join(ROOT, 'examples/kustomize')
  const text = await api.kubectl('kustomize', example)
  for (const key of [
    'NetworkPolicy metallb-system/controller',
    'PrometheusRule metallb-system/bellwether',
    'Role metallb-system/controller-dashboard',
  ]) {
    assert.ok(objectsOf(text).has(key), key)
  }
  assert.match(text, /- --log-level=info\n +- --dashboard-port=8080\n/)
  assert.deepEqual(
    [...text.matchAll(/image: (.*)/g)].map((it) => it[1]),
    Array<string>(2).fill('images.example.com/bellwether:0.1.0'),
  )
  await api.kubectl('apply', '--dry-run=server', '--validate=strict', '-k', example)
})

test('kustomize: with a namespace of its own, all is in that', async () => {
  const resources = [relative(folder, join(ROOT, 'manifests'))]
  const kustomization = { resources, namespace: 'elsewhere' }
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  const made = objectsOf(await api.kubectl('kustomize', folder))
  // Cluster-wide names stay; all that says where something is has changed.
  const text = JSON.stringify([...made.values()]).replaceAll(
    /metallb-system:(controller|speaker|metrics-reader)/g,
    '',
  )
  assert.ok(!text.includes('metallb-system'))
  await api.kubectl('apply', '--dry-run=server', '--validate=strict', '-k', folder)
})

const installed = (...args: string[]) =>
  must([helm, ...args], { env: { KUBECONFIG: api.kubeconfig } })

/** Of the speakers' DaemonSet: it grows with each change of the spec. */
const generation = () =>
  api.kubectl('-n', 'metallb-system', 'get', 'ds/speaker', '-o', 'jsonpath={.metadata.generation}')

test('helm: over an installation by kubectl, it says so, and takes it over when told to', async () => {
  await api.apply(read('manifests/bellwether.yaml'))
  const install = ['install', 'bellwether', CHART, '-n', 'metallb-system']
  await assert.rejects(installed(...install), /invalid ownership metadata/)
  const before = await generation()
  await installed(...install, '--take-ownership')
  // Nothing of the pods changes, so none is restarted.
  assert.equal(await generation(), before)
})

test('helm: what the controller puts into objects stays through an upgrade', async () => {
  const authority = readFileSync(api.certificate).toString('base64')
  const patch = JSON.stringify([
    { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: authority },
  ])
  const webhooks = ['validatingwebhookconfiguration', 'metallb-webhook-configuration']
  await api.kubectl('patch', ...webhooks, '--type=json', '-p', patch)
  const crd = ['crd', 'bgppeers.metallb.io']
  const ca = '/spec/conversion/webhook/clientConfig/caBundle'
  const crdPatch = JSON.stringify([{ op: 'add', path: ca, value: authority }])
  await api.kubectl('patch', ...crd, '--type=json', '-p', crdPatch)
  const values = ['--set=crds.validationFailurePolicy=Fail', '--set=controller.logLevel=debug']
  await installed('upgrade', 'bellwether', CHART, '-n', 'metallb-system', ...values)
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle} {.webhooks[0].failurePolicy}'
  assert.equal(await api.kubectl('get', ...webhooks, '-o', path), `${authority} Fail`)
  const crdPath = 'jsonpath={.spec.conversion.webhook.clientConfig.caBundle}'
  assert.equal(await api.kubectl('get', ...crd, '-o', crdPath), authority)
})

test('helm: an uninstall keeps the definitions, with what users made of them, and nothing else', async () => {
  // Back to where a webhook that does not answer stops nobody: here is no controller.
  await installed('rollback', 'bellwether', '1', '-n', 'metallb-system')
  await api.apply(read('examples/tutorial/ip-pool.yaml'))
  await installed('uninstall', 'bellwether', '-n', 'metallb-system')
  await api.kubectl('-n', 'metallb-system', 'get', 'ipaddresspool', 'ip-pool')
  const kinds =
    'deploy,ds,pdb,svc,sa,cm,role,rolebinding,clusterrole,clusterrolebinding,validatingwebhookconfiguration'
  const left = await api.kubectl('get', kinds, '-A', '-l', 'app=metallb', '-o', 'name')
  assert.equal(left, '')
})
