/** The chart on the lab: installed, upgraded, rolled back and removed, while a client asks. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { answerers, externalIp, owner, probe, ready } from '../lab/bellwether.ts'
import type { Probing } from '../lab/bellwether.ts'
import { CHART, helmBinary } from '../lab/helm.ts'
import { must } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { lab, serviceObject } from './harness.ts'

const MANIFEST = new URL('../../manifests/bellwether.yaml', import.meta.url).pathname
const CRDS = new URL('../../crds', import.meta.url).pathname
const NAMESPACE = 'metallb-system'
const SERVICES = ['one', 'two']

let folder: string
let binary: string
const helm = (...args: string[]) =>
  must([binary, ...args, '-n', NAMESPACE], { env: { KUBECONFIG: lab.kubeconfig } })

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-helm-'))
  binary = await helmBinary()
  await lab.up()
  // What other tests of this run have installed.
  await lab.kubectl('delete', '-f', MANIFEST, '--ignore-not-found', '--timeout=60s')
})

after(async () => {
  await lab.stopSpawned()
  await lab.kubectl('delete', 'service', ...SERVICES, '--ignore-not-found')
  await lab.kubectl('delete', 'deployment', 'backend', '--ignore-not-found')
  await helm('uninstall', 'bellwether', '--ignore-not-found')
  await lab.kubectl('delete', '-f', CRDS, '--ignore-not-found')
  await lab.kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=60s')
  rmSync(folder, { recursive: true })
})

const addresses = () => Promise.all(SERVICES.map((name) => externalIp(lab, name)))

test('e2e/helm: installed by the chart, it serves', async () => {
  await helm('install', 'bellwether', CHART, '--create-namespace')
  await ready(lab)
  await lab.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'helm', namespace: NAMESPACE },
    spec: { addresses: ['172.18.9.0/28'] },
  })
  await lab.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name: 'helm', namespace: NAMESPACE },
  })
  await lab.kubectl('create', 'deployment', 'backend', '--image=nginx:1.7.9', '--replicas=3')
  await lab.kubectl('rollout', 'status', 'deployment/backend', '--timeout=240s')
  for (const name of SERVICES) await lab.apply(serviceObject('default', name, {}))
  for (const ip of await addresses()) await owner(lab, ip, 120_000)
})

/** Connections every 20 ms to each address, while `work` goes on until all pods are replaced. */
async function whileAsked(work: () => Promise<unknown>): Promise<void> {
  const before = await addresses()
  const probes: Probing[] = await Promise.all(before.map((ip) => probe(lab, ip)))
  await work()
  await ready(lab)
  for (const it of probes) await it.answered()
  assert.deepEqual(await addresses(), before)
  for (const it of probes) {
    const outage = await it.stop()
    assert.ok(outage.recovered)
    // Speakers hand over before they end: what is left is that of a connection on its way.
    assert.ok(outage.silentMs - outage.lateMs < 1000, JSON.stringify(outage))
  }
}

const level = () =>
  lab.kubectl('-n', NAMESPACE, 'get', 'daemonset', 'speaker', '-o', 'jsonpath={..args}')

test('e2e/helm: an upgrade to another version with other values moves no address', async () => {
  await must([binary, 'package', CHART, '--version=0.2.0', `--destination=${folder}`])
  const [archive = ''] = readdirSync(folder)
  const values = ['--set=controller.logLevel=debug', '--set=speaker.logLevel=debug']
  await whileAsked(() => helm('upgrade', 'bellwether', join(folder, archive), ...values))
  assert.match(await level(), /--log-level=debug/)
  assert.match(await helm('list'), /bellwether-0\.2\.0/)
})

test('e2e/helm: nor does a rollback', async () => {
  await whileAsked(() => helm('rollback', 'bellwether', '1'))
  assert.match(await level(), /--log-level=info/)
})

test('e2e/helm: webhooks answer after all that', async () => {
  const pool = {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'wrong', namespace: NAMESPACE },
    spec: { addresses: ['172.18.9.0/28'] },
  }
  await assert.rejects(lab.apply(pool), /overlaps/)
})

/** Names of all objects there are of all kinds, without what Kubernetes itself makes of these. */
async function everything(): Promise<string[]> {
  const kinds = async (namespaced: boolean) => {
    const list = ['api-resources', '--verbs=list', '-o', 'name', `--namespaced=${namespaced}`]
    const text = await lab.kubectl(...list)
    return text
      .trim()
      .split('\n')
      .filter((it) => !/^(events|pods|nodes|apiservices)\b/.test(it))
  }
  const namespaced = (await kinds(true)).join(',')
  const wide = (await kinds(false)).join(',')
  const here = await lab.kubectl('-n', NAMESPACE, 'get', namespaced, '-o', 'name')
  const there = await lab.kubectl('get', wide, '-o', 'name')
  const ours = /metallb|bellwether/
  return [
    ...here.trim().split('\n'),
    ...there
      .trim()
      .split('\n')
      .filter((it) => ours.test(it)),
  ]
    .filter((it) => !/^configmap\/kube-root-ca|^serviceaccount\/default$/.test(it))
    .sort()
}

test('e2e/helm: an uninstall leaves definitions, what users made of them, and the namespace', async () => {
  const [ip = ''] = await addresses()
  await helm('uninstall', 'bellwether', '--wait')
  await until('silence', async () => (await answerers(lab, ip)).length === 0)
  const kept = [
    ...readdirSync(CRDS).map((file) => {
      const [, plural = ''] = /_(.*)\.yaml/.exec(file) ?? []
      return `customresourcedefinition.apiextensions.k8s.io/${plural}.metallb.io`
    }),
    'ipaddresspool.metallb.io/helm',
    'l2advertisement.metallb.io/helm',
    'namespace/metallb-system',
  ].sort()
  await until('all else to be gone', async () => {
    const left = await everything()
    if (left.join() !== kept.join()) throw new Error(`left: ${left.join(' ')}`)
    return true
  })
})

test('e2e/helm: installed again, it gives the same addresses; removed with all, nothing is left', async () => {
  const before = await addresses()
  await helm('install', 'bellwether', CHART)
  await ready(lab)
  for (const ip of before) await owner(lab, ip, 120_000)
  assert.deepEqual(await addresses(), before)
  await helm('uninstall', 'bellwether', '--wait')
  await lab.kubectl('delete', '-f', CRDS)
  await lab.kubectl('delete', 'namespace', NAMESPACE, '--timeout=60s')
  const names = await lab.kubectl(
    'get',
    'crd,ns,clusterrole,clusterrolebinding,validatingwebhookconfiguration',
    '-o',
    'name',
  )
  assert.doesNotMatch(names, /metallb|bellwether/)
})
