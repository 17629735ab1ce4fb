/** ServiceL2Status as two speakers keep it on a real API server. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { systemClock } from '../../src/adapters/clock.ts'
import type { KubeCluster } from '../../src/adapters/kube/cluster.ts'
import { SERVICE_L2_STATUSES } from '../../src/ports/resources.ts'
import { StatusWriter } from '../../src/speaker/status-writer.ts'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'
import { MemoryLog } from './memory-log.ts'

const NAMESPACE = 'metallb-system'
const SERVICE = 'default/nginx'
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

let api: ApiServer
let cluster: KubeCluster
const log = new MemoryLog()
const stop = new AbortController()
before(async () => {
  api = await ApiServer.start()
  await api.apply(read('manifests/bellwether.yaml'))
  await until('the kinds to be served', () => api.kubectl('get', 'servicel2statuses', '-A'))
  cluster = api.connect(log)
})
after(async () => {
  stop.abort()
  await api.stop()
})

async function writer(self: string, to = cluster): Promise<StatusWriter> {
  const pod = { apiVersion: 'v1', kind: 'Pod', name: `speaker-${self}`, uid: `uid-${self}` }
  const options = { self, namespace: NAMESPACE, owner: () => Promise.resolve(pod) }
  const writer = new StatusWriter(to, systemClock, log, options, stop.signal)
  await until('the list', () => writer.synced)
  return writer
}

const announced = (...interfaces: string[]) =>
  new Map([[SERVICE, { service: SERVICE, interfaces }]])

const statuses = async () => {
  const objects = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  return objects.map(({ status }) => status)
}

/** The status says so, and nothing else does. */
const says = (node: string, ...interfaces: string[]) =>
  until(
    `the status to say ${node} and [${interfaces.join()}] only`,
    async () => {
      const named = interfaces.map((name) => ({ name }))
      const expected = { node, serviceName: 'nginx', serviceNamespace: 'default' }
      const all = JSON.stringify(await statuses())
      const [status] = JSON.parse(all) as Record<string, unknown>[]
      const { interfaces: there = [], since: _, why: __, takeover: ___, ...rest } = status ?? {}
      assert.deepEqual([rest, there], [expected, named], all)
      return (await statuses()).length === 1
    },
    { everyMs: 10 },
  )

test('status: it follows the owner and its interfaces, deleted by hand it comes back', async (t) => {
  const [w1, w2] = [await writer('w1'), await writer('w2')]
  w1.set(announced())
  await says('w1')
  w1.set(announced('eth0', 'eth1'))
  await says('w1', 'eth0', 'eth1')
  w1.set(announced('eth1'))
  await says('w1', 'eth1')

  const movedAt = performance.now()
  w1.set(new Map())
  w2.set(announced())
  await says('w2')
  t.diagnostic(`it followed the owner in ${(performance.now() - movedAt).toFixed()} ms`)

  const [object] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  await api.kubectl('-n', NAMESPACE, 'delete', 'servicel2status', '--all')
  await says('w2')
  const [again] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  assert.notEqual(again?.metadata.name, object?.metadata.name)
  assert.deepEqual(log.events(), [])

  // Its node died, and no other can take the Service over.
  w1.setOthers(new Set(['w1']), new Set())
  await until('it to be gone', async () => (await statuses()).length === 0, { everyMs: 10 })
  w1.setOthers(new Set(['w1', 'w2', 'w3']), new Set([SERVICE]))
  w2.set(new Map())
})

test('status: how it was taken stands there, and what an earlier take-over left does not', async () => {
  let patches = 0
  const counting = api.connect(log)
  const patch = counting.patch.bind(counting)
  counting.patch = (...call) => {
    patches++
    return patch(...call)
  }
  const w3 = await writer('w3', counting)
  const taken = { cause: 'nodeGone', from: 'w2', outageMs: 730, since: 1_000 } as const
  const entry = { service: SERVICE, interfaces: [], why: 'the only candidate' }
  w3.set(new Map([[SERVICE, { ...entry, taken }]]))
  await tells({ since: '1970-01-01T00:00:01.000Z', cause: 'nodeGone', from: 'w2', outageMs: 730 })
  const [before] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  w3.set(new Map([[SERVICE, { ...entry, taken: { cause: 'first', since: 2_000 } }]]))
  await tells({ since: '1970-01-01T00:00:02.000Z', cause: 'first' })
  const [after] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
  assert.equal(after?.metadata.name, before?.metadata.name)

  // As MetalLB's CRD would have it: what is dropped is not written again and again.
  const written = patches
  const ref = { namespace: NAMESPACE, name: after?.metadata.name ?? '' }
  const status = { since: null, why: null, takeover: null }
  await cluster.patch(SERVICE_L2_STATUSES, ref, { status }, { subresource: 'status' })
  await api.kubectl('-n', NAMESPACE, 'label', 'servicel2status', '--all', 'touched=yes')
  assert.equal(patches, written)
  w3.set(new Map())
  await until('it to be gone', async () => (await statuses()).length === 0, { everyMs: 10 })
})

test('status: a conflict is a condition, for as long as it is there; where it is dropped, it is not written for ever', async () => {
  let patches = 0
  const counting = api.connect(log)
  const patch = counting.patch.bind(counting)
  counting.patch = (...call) => {
    patches++
    return patch(...call)
  }
  const w4 = await writer('w4', counting)
  const entry = { service: SERVICE, interfaces: [] }
  const conflict = { reason: 'Stranger', message: 'MAC 02:00:00:00:00:99' } as const
  const condition = async () => {
    const [status] = (await statuses()) as { conditions?: readonly Record<string, string>[] }[]
    return status?.conditions?.[0]
  }
  const waits = { everyMs: 10 }
  w4.set(new Map([[SERVICE, entry]]))
  await says('w4')
  w4.set(new Map([[SERVICE, { ...entry, conflict }]]))
  const told = await until('the condition', condition, waits)
  assert.partialDeepStrictEqual(told, { type: 'AddressConflict', status: 'True', ...conflict })
  w4.set(new Map([[SERVICE, { ...entry, conflict: { ...conflict, message: 'two' } }]]))
  await until('the other message', async () => (await condition())?.['message'] === 'two', waits)
  assert.equal((await condition())?.['lastTransitionTime'], told['lastTransitionTime'])
  w4.set(new Map([[SERVICE, entry]]))
  await until('no condition', async () => (await condition()) === undefined, waits)

  // A definition that does not know of conditions.
  const definition = ['crd', 'servicel2statuses.metallb.io']
  const at = '/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/conditions'
  await api.kubectl('patch', ...definition, '--type=json', `-p=[{"op":"remove","path":"${at}"}]`)
  const isDropped = async () => {
    const [object] = await cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
    const ref = { namespace: NAMESPACE, name: object?.metadata.name ?? '' }
    const conditions = [
      {
        type: 'Probe',
        status: 'True',
        reason: 'Probe',
        message: '',
        lastTransitionTime: new Date().toISOString(),
      },
    ]
    await cluster.patch(
      SERVICE_L2_STATUSES,
      ref,
      { status: { conditions } },
      { subresource: 'status' },
    )
    return (await condition()) === undefined
  }
  await until('the definition to be in use', isDropped)
  patches = 0
  w4.set(new Map([[SERVICE, { ...entry, conflict }]]))
  await until('an attempt', () => patches > 0, waits)
  await api.kubectl(
    '-n',
    NAMESPACE,
    'label',
    'servicel2status',
    '--all',
    'touched=again',
    '--overwrite',
  )
  await api.kubectl(
    '-n',
    NAMESPACE,
    'label',
    'servicel2status',
    '--all',
    'touched=last',
    '--overwrite',
  )
  assert.ok(patches <= 3, `${patches} patches`)
  w4.set(new Map())
  await until('it to be gone', async () => (await statuses()).length === 0, waits)
})

const tells = (expected: object) =>
  until(`the status to tell ${JSON.stringify(expected)}`, async () => {
    const [status] = JSON.parse(JSON.stringify(await statuses())) as {
      readonly since?: string
      readonly takeover?: object
    }[]
    return isDeepStrictEqual({ since: status?.since, ...status?.takeover }, expected)
  })
