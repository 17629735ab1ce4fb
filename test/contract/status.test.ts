/** ServiceL2Status as two speakers keep it on a real API server. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { systemClock } from '../../src/adapters/clock.ts'
import type { KubeCluster } from '../../src/adapters/kube/cluster.ts'
import { SERVICE_L2_STATUSES } from '../../src/ports/resources.ts'
import type { Announced } from '../../src/speaker/status-plan.ts'
import { StatusWriter } from '../../src/speaker/status-writer.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { NAMESPACE, installed } from './installed.ts'
import { MemoryLog } from './memory-log.ts'

const SERVICE = 'default/nginx'
const waits = { everyMs: 10 }

let api: ApiServer
let cluster: KubeCluster
const log = new MemoryLog()
const stop = new AbortController()
before(async () => {
  api = await installed()
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

/** And how many patches it has sent. */
async function countedWriter(self: string) {
  const counting = api.connect(log)
  const patch = counting.patch.bind(counting)
  const it = { patches: 0 }
  counting.patch = (...call) => {
    it.patches++
    return patch(...call)
  }
  return Object.assign(it, { writer: await writer(self, counting) })
}

const announced = (more: Partial<Announced> = {}) =>
  new Map([[SERVICE, { service: SERVICE, interfaces: [], ...more }]])

const objects = () => cluster.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })
const statuses = async () => (await objects()).map(({ status }) => status)
const nameOf = async () => (await objects())[0]?.metadata.name ?? ''
const noneLeft = () => until('it to be gone', async () => (await objects()).length === 0, waits)

/** By another hand than the writer's. */
async function patchStatus(status: object) {
  const ref = { namespace: NAMESPACE, name: await nameOf() }
  await cluster.patch(SERVICE_L2_STATUSES, ref, { status }, { subresource: 'status' })
}
const touch = (value: string) => {
  const all = ['-n', NAMESPACE, 'servicel2status', '--all', '--overwrite']
  return api.kubectl('label', ...all, `touched=${value}`)
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
    waits,
  )

test('status: it follows the owner and its interfaces, deleted by hand it comes back', async (t) => {
  const [w1, w2] = [await writer('w1'), await writer('w2')]
  w1.set(announced())
  await says('w1')
  w1.set(announced({ interfaces: ['eth0', 'eth1'] }))
  await says('w1', 'eth0', 'eth1')
  w1.set(announced({ interfaces: ['eth1'] }))
  await says('w1', 'eth1')

  const movedAt = performance.now()
  w1.set(new Map())
  w2.set(announced())
  await says('w2')
  t.diagnostic(`it followed the owner in ${(performance.now() - movedAt).toFixed()} ms`)

  const name = await nameOf()
  await api.kubectl('-n', NAMESPACE, 'delete', 'servicel2status', '--all')
  await says('w2')
  assert.notEqual(await nameOf(), name)
  assert.deepEqual(log.events(), [])

  // Its node died, and no other can take the Service over.
  w1.setOthers(new Set(['w1']), new Set())
  await noneLeft()
  w1.setOthers(new Set(['w1', 'w2', 'w3']), new Set([SERVICE]))
  w2.set(new Map())
})

test('status: how it was taken stands there, and what an earlier take-over left does not', async () => {
  const counted = await countedWriter('w3')
  const w3 = counted.writer
  const why = 'the only candidate'
  const taken = { cause: 'nodeGone', from: 'w2', outageMs: 730, since: 1_000 } as const
  w3.set(announced({ why, taken }))
  await tells({ since: '1970-01-01T00:00:01.000Z', cause: 'nodeGone', from: 'w2', outageMs: 730 })
  const name = await nameOf()
  w3.set(announced({ why, taken: { cause: 'first', since: 2_000 } }))
  await tells({ since: '1970-01-01T00:00:02.000Z', cause: 'first' })
  assert.equal(await nameOf(), name)

  // As MetalLB's CRD would have it: what is dropped is not written again and again.
  const written = counted.patches
  await patchStatus({ since: null, why: null, takeover: null })
  await touch('once')
  assert.equal(counted.patches, written)
  w3.set(new Map())
  await noneLeft()
})

test('status: a conflict is a condition, for as long as it is there; where it is dropped, it is not written for ever', async () => {
  const counted = await countedWriter('w4')
  const w4 = counted.writer
  const conflict = { reason: 'Stranger', message: 'MAC 02:00:00:00:00:99' } as const
  const condition = async () => {
    const [status] = (await statuses()) as { conditions?: readonly Record<string, string>[] }[]
    return status?.conditions?.[0]
  }
  w4.set(announced())
  await says('w4')
  w4.set(announced({ conflict }))
  const told = await until('the condition', condition, waits)
  assert.partialDeepStrictEqual(told, { type: 'AddressConflict', status: 'True', ...conflict })
  w4.set(announced({ conflict: { ...conflict, message: 'two' } }))
  await until('the other message', async () => (await condition())?.['message'] === 'two', waits)
  assert.equal((await condition())?.['lastTransitionTime'], told['lastTransitionTime'])
  w4.set(announced())
  await until('no condition', async () => (await condition()) === undefined, waits)

  // A definition that does not know of conditions.
  const definition = ['crd', 'servicel2statuses.metallb.io']
  const at = '/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/conditions'
  await api.kubectl('patch', ...definition, '--type=json', `-p=[{"op":"remove","path":"${at}"}]`)
  const lastTransitionTime = new Date().toISOString()
  const probe = { type: 'Probe', status: 'True', reason: 'Probe', message: '', lastTransitionTime }
  const isDropped = async () => {
    await patchStatus({ conditions: [probe] })
    return (await condition()) === undefined
  }
  await until('the definition to be in use', isDropped)
  counted.patches = 0
  w4.set(announced({ conflict }))
  await until('an attempt', () => counted.patches > 0, waits)
  await touch('again')
  await touch('last')
  assert.ok(counted.patches <= 3, `${counted.patches} patches`)
  w4.set(new Map())
  await noneLeft()
})

const tells = (expected: object) =>
  until(`the status to tell ${JSON.stringify(expected)}`, async () => {
    const [status] = JSON.parse(JSON.stringify(await statuses())) as {
      readonly since?: string
      readonly takeover?: object
    }[]
    return isDeepStrictEqual({ since: status?.since, ...status?.takeover }, expected)
  })
