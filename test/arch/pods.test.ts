/** What the pods of the manifests and of the chart may do on a node: no more than docs/security.md says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'

interface PodSpec {
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly initContainers?: readonly object[]
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly volumes?: readonly Readonly<Record<string, unknown>>[]
  readonly containers: readonly {
    readonly securityContext?: Readonly<Record<string, unknown>>
    readonly volumeMounts?: readonly { readonly readOnly?: boolean }[]
  }[]
}

interface Workload {
  readonly kind?: string
  readonly spec?: { readonly template?: { readonly spec: PodSpec } }
}

const read = (path: string): Workload[] => {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  return parseAllDocuments(text).map((it) => it.toJS() as Workload)
}

function podOf(file: string, kind: string): PodSpec {
  const spec = read(file).find((it) => it.kind === kind)?.spec?.template?.spec
  return spec ?? assert.fail(`no ${kind} in ${file}`)
}

const SPEAKER = ['DaemonSet', { drop: ['ALL'], add: ['NET_RAW'] }, true] as const
const CONTROLLER = ['Deployment', { drop: ['ALL'] }, undefined] as const

for (const [file, kind, capabilities, hostNetwork] of [
  ['manifests/bellwether.yaml', ...SPEAKER],
  ['manifests/bellwether.yaml', ...CONTROLLER],
  ['charts/bellwether/objects/30-speaker.yaml', ...SPEAKER],
  ['charts/bellwether/objects/20-controller.yaml', ...CONTROLLER],
] as const) {
  test(`${file}: the ${kind}'s pod has no more of the node than it needs`, () => {
    const pod = podOf(file, kind)
    assert.deepEqual(pod.securityContext?.['seccompProfile'], { type: 'RuntimeDefault' })
    assert.equal(pod.hostNetwork, hostNetwork)
    assert.deepEqual(
      [pod.hostPID, pod.hostIPC, pod.initContainers],
      [undefined, undefined, undefined],
    )
    for (const volume of pod.volumes ?? []) {
      const kinds = Object.keys(volume).filter((key) => key !== 'name')
      for (const kind of kinds) assert.match(kind, /^(secret|configMap|projected|emptyDir)$/)
    }
    assert.equal(pod.containers.length, 1)
    for (const { securityContext, volumeMounts = [] } of pod.containers) {
      assert.deepEqual(securityContext?.['capabilities'], capabilities)
      assert.equal(securityContext?.['readOnlyRootFilesystem'], true)
      assert.equal(securityContext['allowPrivilegeEscalation'], false)
      assert.equal(securityContext['privileged'], undefined)
      for (const mount of volumeMounts) assert.equal(mount.readOnly, true)
    }
  })
}
