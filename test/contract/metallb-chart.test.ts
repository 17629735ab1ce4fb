/**
 * A release of MetalLB's chart that is upgraded to this one, on a real API server: names and selectors are those
 * of charts/metallb/templates of metallb/metallb, so nothing is made anew that must not be.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { CHART, helmBinary } from '../lab/helm.ts'
import { RELEASE, writeMetallbChart } from '../lab/metallb/chart.ts'
import { must } from '../lab/processes.ts'
import { ApiServer } from './api-server.ts'

const NAMESPACE = 'metallb-system'
const VALUES = fileURLToPath(
  new URL('../../examples/migration/metallb-chart-values.yaml', import.meta.url),
)

interface Labelled {
  readonly matchLabels: Readonly<Record<string, string>>
}
interface KubeObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly spec: {
    readonly selector: Labelled
    readonly replicas?: number
    readonly updateStrategy?: { readonly type: string }
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> }
      readonly spec: {
        readonly serviceAccountName: string
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[]
        }[]
      }
    }
  }
  readonly roleRef?: { readonly name: string }
  readonly subjects?: readonly { readonly name: string }[]
  readonly data?: Readonly<Record<string, string>>
}

let api: ApiServer
let helm: string
let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-metallb-chart-'))
  helm = await helmBinary()
  api = await ApiServer.start()
})
after(async () => {
  await api.stop()
  rmSync(folder, { recursive: true })
})

const release = (...args: string[]) =>
  must([helm, ...args, '-n', NAMESPACE], { env: { KUBECONFIG: api.kubeconfig } })

async function template(name: string, values: object): Promise<KubeObject[]> {
  const file = join(folder, 'values.yaml')
  writeFileSync(file, JSON.stringify({ metallbNames: true, ...values }))
  const argv = ['template', name, CHART, '-n', NAMESPACE, '-f', file, '--kube-version=1.34']
  return parseAllDocuments(await must([helm, ...argv]), { version: '1.1' })
    .map((it) => it.toJS() as KubeObject | null)
    .filter((it) => it !== null)
}

const everything = {
  controller: { dashboard: { enabled: true } },
  networkpolicies: { enabled: true, defaultDeny: true },
  prometheus: {
    serviceAccount: 'prometheus',
    namespace: 'monitoring',
    podMonitor: { enabled: true },
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
  },
}

for (const [name, values, full, label] of [
  ['metallb', {}, 'metallb', 'metallb'],
  ['lb', {}, 'lb-metallb', 'metallb'],
  ['my-metallb-2', {}, 'my-metallb-2', 'metallb'],
  ['metallb', { fullnameOverride: 'other' }, 'other', 'metallb'],
  ['controller', { nameOverride: 'lb' }, 'controller-lb', 'lb'],
] as const) {
  test(`metallb-chart: release ${name} with ${JSON.stringify(values)} has the names of MetalLB's`, async () => {
    const objects = await template(name, { ...everything, ...values })
    const one = (kind: string, name: string) => {
      const found = objects.find((it) => it.kind === kind && it.metadata.name === name)
      assert.ok(found, `${kind} ${name} in ${objects.map((it) => it.metadata.name).join(' ')}`)
      return found
    }
    const kinds = { controller: 'Deployment', speaker: 'DaemonSet' }
    for (const [component, kind] of Object.entries(kinds)) {
      const { selector, template } = one(kind, `${full}-${component}`).spec
      assert.deepEqual(selector.matchLabels, {
        'app.kubernetes.io/name': label,
        'app.kubernetes.io/instance': name,
        'app.kubernetes.io/component': component,
      })
      assert.deepEqual(template.metadata.labels, selector.matchLabels)
      assert.equal(template.spec.serviceAccountName, `${full}-${component}`)
      one('ServiceAccount', `${full}-${component}`)
      one('ClusterRole', `${full}:${component}`)
      one('Service', `${full}-${component}-monitor-service`)
      for (const monitor of ['ServiceMonitor', 'PodMonitor'])
        one(monitor, `${full}-${component}-monitor`)
    }
    for (const [kind, name, role, account] of [
      ['ClusterRoleBinding', `${full}:controller`, `${full}:controller`, 'controller'],
      ['ClusterRoleBinding', `${full}:speaker`, `${full}:speaker`, 'speaker'],
      ['RoleBinding', `${full}-controller`, `${full}-controller`, 'controller'],
      ['RoleBinding', `${full}-pod-lister`, `${full}-pod-lister`, 'speaker'],
    ] as const) {
      const { roleRef, subjects } = one(kind, name)
      assert.deepEqual([roleRef?.name, subjects?.[0]?.name], [role, `${full}-${account}`])
    }
    const env = (kind: string, component: string) => {
      const [container] = one(kind, `${full}-${component}`).spec.template.spec.containers
      return Object.fromEntries(container?.env.map((it) => [it.name, it.value]) ?? [])
    }
    const { METALLB_DEPLOYMENT, METALLB_ML_SECRET_NAME } = env('Deployment', 'controller')
    assert.deepEqual(
      [METALLB_DEPLOYMENT, METALLB_ML_SECRET_NAME],
      [`${full}-controller`, `${full}-memberlist`],
    )
    assert.equal(
      env('DaemonSet', 'speaker')['METALLB_ML_LABELS'],
      `app.kubernetes.io/name=${label},app.kubernetes.io/component=speaker`,
    )
    for (const [kind, name] of [
      ['ConfigMap', 'metallb-excludel2'],
      ['Secret', 'metallb-webhook-cert'],
      ['Service', 'metallb-webhook-service'],
      ['ValidatingWebhookConfiguration', 'metallb-webhook-configuration'],
    ] as const) {
      one(kind, name)
    }
    // What refers to a role refers to one that there is, and no label of the manifests is left.
    for (const { kind, roleRef } of objects) {
      if (roleRef) one(kind.replace('Binding', ''), roleRef.name)
    }
    assert.doesNotMatch(JSON.stringify(objects), /"app":|"component":|app=/)
  })
}

test('metallb-chart: an upgrade keeps what is there, and gives the rights to whom it belongs', async () => {
  const old = join(folder, 'metallb')
  writeMetallbChart(old, { path: '/bin/true', vips: [], nodes: [] })
  await release('install', RELEASE, old, '--create-namespace')
  const get = async (...what: string[]) =>
    JSON.parse(await api.kubectl('-n', NAMESPACE, 'get', ...what, '-o', 'json')) as KubeObject
  const kept = [
    ['deployment', 'metallb-controller'],
    ['daemonset', 'metallb-speaker'],
    ['secret', 'metallb-webhook-cert'],
    ['serviceaccount', 'metallb-speaker'],
    ['clusterrolebinding', 'metallb:controller'],
    ['rolebinding', 'metallb-pod-lister'],
    ['crd', 'ipaddresspools.metallb.io'],
  ]
  const data = { 'ca.crt': Buffer.from('authority').toString('base64') }
  const filled = ['-p', JSON.stringify({ data })]
  await api.kubectl('-n', NAMESPACE, 'patch', 'secret', 'metallb-webhook-cert', ...filled)
  const uids = () => Promise.all(kept.map(async (it) => (await get(...it)).metadata.uid))
  const before = await uids()
  const selector = (await get('daemonset', 'metallb-speaker')).spec.selector

  await release('upgrade', RELEASE, CHART, '--reset-then-reuse-values', '-f', VALUES)

  assert.deepEqual(await uids(), before)
  assert.deepEqual((await get('secret', 'metallb-webhook-cert')).data, data)
  const { spec } = await get('daemonset', 'metallb-speaker')
  assert.deepEqual(spec.selector, selector)
  assert.equal(spec.updateStrategy?.type, 'OnDelete')
  assert.equal((await get('deployment', 'metallb-controller')).spec.replicas, 2)
  const may = (account: string, ...right: string[]) => {
    const as = `--as=system:serviceaccount:${NAMESPACE}:metallb-${account}`
    return api.kubectl('-n', NAMESPACE, 'auth', 'can-i', ...right, as)
  }
  await may('controller', 'update', 'leases.coordination.k8s.io/bellwether-controller')
  await may('controller', 'get', 'secrets/metallb-memberlist')
  await may('controller', 'get', 'deployments.apps/metallb-controller')
  await may('speaker', 'patch', 'servicel2statuses.metallb.io', '--subresource=status')

  // At the end of the move.
  const rolling = ['--set', 'speaker.updateStrategy.type=RollingUpdate']
  await release('upgrade', RELEASE, CHART, '--reset-then-reuse-values', ...rolling)
  const { updateStrategy } = (await get('daemonset', 'metallb-speaker')).spec
  assert.equal(updateStrategy?.type, 'RollingUpdate')
  assert.deepEqual(await uids(), before)
})
