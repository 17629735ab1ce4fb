/** PodSecurity of a real API server that admits nothing but `restricted` where a namespace does not say otherwise. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'

const STRICT = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodSecurity',
      configuration: {
        apiVersion: 'pod-security.admission.config.k8s.io/v1',
        kind: 'PodSecurityConfiguration',
        defaults: Object.fromEntries(
          ['enforce', 'audit', 'warn'].flatMap((mode) => [
            [mode, 'restricted'],
            [`${mode}-version`, 'latest'],
          ]),
        ),
        exemptions: {},
      },
    },
  ],
}

const MANIFEST = readFileSync(new URL('../../manifests/bellwether.yaml', import.meta.url), 'utf8')

interface Workload {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } }
}

/** Kubernetes reads YAML 1.1, in which 0400 is octal. */
const workloads = parseAllDocuments(MANIFEST, { version: '1.1' })
  .map((it) => it.toJS() as Workload)
  .filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet')

let api: ApiServer
let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-admission-'))
  const file = join(folder, 'admission.json')
  writeFileSync(file, JSON.stringify(STRICT))
  api = await ApiServer.start(`--admission-control-config-file=${file}`)
  await api.apply(MANIFEST)
  await api.kubectl('create', 'namespace', 'strict')
  for (const name of ['controller', 'speaker']) {
    await api.kubectl('-n', 'strict', 'create', 'serviceaccount', name)
  }
  await until('the priority classes', () =>
    api.kubectl('get', 'priorityclass', 'system-node-critical', 'system-cluster-critical'),
  )
})
after(async () => {
  await api.stop()
  rmSync(folder, { recursive: true })
})

/** Rejects where the pod of that workload is refused, or admitted with a warning. */
async function admit(name: string, namespace: string): Promise<void> {
  const { template } = workloads.find((it) => it.metadata.name === name)?.spec ?? {}
  const metadata = { ...template?.metadata, name, namespace }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template?.spec }
  const dry = ['create', '--dry-run=server', '--warnings-as-errors', '-f', '-']
  await api.kubectlWith(JSON.stringify(pod), ...dry)
}

test('pod-security: the namespace of the manifests admits both pods without a warning', async () => {
  assert.equal(workloads.length, 2)
  for (const { metadata } of workloads) await admit(metadata.name, 'metallb-system')
})

test('pod-security: where restricted is enforced the controller is admitted, the speaker is not', async () => {
  await admit('controller', 'strict')
  const refused = /violates PodSecurity "restricted:latest": host namespaces \(hostNetwork=true\)/
  await assert.rejects(admit('speaker', 'strict'), refused)
})
