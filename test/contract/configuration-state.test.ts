/** ConfigurationState objects, with the rights that the manifests give a speaker. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/adapters/clock.ts'
import {
  ConfigurationStateWriter,
  speakerState,
} from '../../src/adapters/kube/configuration-state.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import { CONFIGURATION_STATES, PODS } from '../../src/ports/resources.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { NAMESPACE, installed } from './installed.ts'
import { MemoryLog } from './memory-log.ts'
import { connectAs } from './webhook-rig.ts'

let api: ApiServer
let admin: Cluster
before(async () => {
  api = await installed()
  admin = api.connect(new MemoryLog())
})
after(() => api.stop())

const ref = { namespace: NAMESPACE, name: 'speaker-w1' }
const seen = () => admin.get(CONFIGURATION_STATES, ref)

async function speaker(pod: string) {
  await admin.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod, namespace: NAMESPACE },
    spec: {
      serviceAccountName: 'speaker',
      automountServiceAccountToken: false,
      containers: [{ name: 'x', image: 'none' }],
    },
  })
  const log = new MemoryLog()
  const stop = new AbortController()
  const state = speakerState(NAMESPACE, 'w1', pod)
  const cluster = await connectAs(api, 'speaker')
  const writer = new ConfigurationStateWriter(cluster, systemClock, log, state, stop.signal)
  return { writer, log, stop: () => stop.abort() }
}

const problem = { where: 'IPAddressPool/a', path: 'spec', message: 'wrong', transient: false }

test('configuration-state: as MetalLB writes it, owned by the pod, and once', async () => {
  const { writer, log, stop } = await speaker('speaker-1')
  writer.set([problem])
  const object = await until('it to be there', async () => {
    const object = await seen()
    return object['status'] !== undefined && object
  })
  assert.deepEqual(object.metadata.labels, {
    'metallb.io/component-type': 'speaker',
    'metallb.io/node-name': 'w1',
  })
  const [owner] = object.metadata.ownerReferences as { kind: string; name: string }[]
  assert.deepEqual([owner?.kind, owner?.name], ['Pod', 'speaker-1'])
  const status = object['status'] as { result: string; errorSummary: string; conditions: object[] }
  assert.equal(status.result, 'Invalid')
  assert.equal(status.errorSummary, 'IPAddressPool/a spec: wrong')
  assert.match(JSON.stringify(status.conditions), /"type":"configReconcilerValid"/)
  assert.match(
    await api.kubectl('get', 'configurationstates', '-n', NAMESPACE),
    /speaker-w1 +Invalid/,
  )
  writer.set([problem])
  writer.set(undefined)
  await until('it to be good', async () => {
    const { result, errorSummary = '' } = (await seen())['status'] as typeof status
    return result === 'Valid' && errorSummary === ''
  })
  const version = (await seen()).metadata.resourceVersion
  writer.set(undefined)
  writer.set(undefined)
  // The next one that is written comes after all that these two might have written.
  await api.kubectl('delete', 'configurationstate', ref.name, '-n', NAMESPACE)
  const again = await until('it to be made again', seen)
  assert.notEqual(again.metadata.resourceVersion, version)
  assert.deepEqual(log.events(), [])
  stop()
})

test('configuration-state: the pod that comes after takes it over', async () => {
  const { writer, stop } = await speaker('speaker-2')
  writer.set(undefined)
  await until('another owner', async () => {
    const owners = (await seen()).metadata.ownerReferences as { name: string }[] | undefined
    return owners?.map(({ name }) => name).join() === 'speaker-2'
  })
  stop()
})
