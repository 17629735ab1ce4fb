/** Admission and conversion as a real API server asks for them. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { systemClock } from '../../src/adapters/clock.ts'
import type { Cluster, KubeObject, NewObject, Resource } from '../../src/ports/cluster.ts'
import {
  BFD_PROFILES,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  CONFIGURATION_STATES,
  CUSTOM_RESOURCE_DEFINITIONS,
  EVENTS,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  SECRETS,
  SERVICES,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../../src/ports/resources.ts'
import { startController } from '../fakes/running-controller.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { NAMESPACE, installed } from './installed.ts'
import { MemoryLog } from './memory-log.ts'
import { connectAs, leadTo, startReplica } from './webhook-rig.ts'
import type { Replica } from './webhook-rig.ts'

let api: ApiServer
let cluster: Cluster
let replica: Replica

const CONFIGURATION = { name: 'metallb-webhook-configuration' }
const KINDS = [
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  BFD_PROFILES,
]

before(async () => {
  api = await installed()
  cluster = api.connect(new MemoryLog())
  replica = await startReplica(api)
  await leadTo(api, replica.webhooks.port() ?? 0)
  await refusing()
})
after(async () => {
  replica.stop()
  await api.stop()
})
afterEach(clear)

async function clear() {
  for (const resource of KINDS) {
    // A definition that has just changed is not served for a moment, and a BFDProfile stays until
    // the webhooks have heard that its peer is gone.
    await until(`${resource.plural} to go`, async () => {
      for (const { metadata } of await cluster.list(resource, { namespace: NAMESPACE })) {
        await cluster.delete(resource, { namespace: NAMESPACE, name: metadata.name })
      }
      return true
    })
  }
}

/** Resolves when the webhooks are asked: until their authority is known they are passed over. */
const refusing = () =>
  until('the webhooks to be asked', async () => {
    try {
      await create(IP_ADDRESS_POOLS, 'probe', { addresses: ['fd00::2-fd00::1'] })
    } catch (error) {
      assert.match(String(error), /denied the request/)
      return true
    }
    await cluster.delete(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name: 'probe' })
    return false
  })

const object = (resource: Resource, name: string, spec: object, more: object = {}): NewObject => ({
  apiVersion: `${resource.group}/${resource.version}`,
  kind: resource.kind,
  metadata: { name, namespace: NAMESPACE, ...more },
  spec,
})
const create = (resource: Resource, name: string, spec: object, more: object = {}) =>
  cluster.create(resource, object(resource, name, spec, more))

const peer = { myASN: 64500, peerASN: 64501, peerAddress: '10.9.0.1' }

test('webhooks: an overlap is refused, with every other problem of the object in the same answer', async () => {
  await create(IP_ADDRESS_POOLS, 'a', { addresses: ['10.0.0.0/24'] })
  const spec = {
    addresses: ['10.0.0.8/29', 'fd00::2-fd00::1'],
    serviceAllocation: { serviceSelectors: [{}, {}] },
  }
  // What is followed is a moment behind: until then there are only two.
  const said = await until('three problems', async () => {
    const error: unknown = await create(IP_ADDRESS_POOLS, 'b', spec).catch(
      (error: unknown) => error,
    )
    return /3 problems: /.test(String(error)) && String(error)
  })
  assert.match(said, /CIDR "10.0.0.8-10.0.0.15" in pool "b" overlaps with already defined CIDR/)
  assert.match(said, /spec.addresses\[1\]: .*is after the end IP/)
  assert.match(said, /serviceSelectors\[1\]: duplicate definition of label selector/)
  assert.ok(replica.log.events().includes('object-refused'))
})

test('webhooks: objects of another namespace are refused', async () => {
  for (const [resource, spec] of [
    [IP_ADDRESS_POOLS, { addresses: ['10.0.0.0/24'] }],
    [L2_ADVERTISEMENTS, {}],
    [BGP_ADVERTISEMENTS, {}],
    [BGP_PEERS, { ...peer, disableMP: true }],
    [BFD_PROFILES, {}],
    [COMMUNITIES, {}],
  ] as const) {
    await assert.rejects(
      create(resource, 'x', spec, { namespace: 'default' }),
      /resource must be created in metallb-system namespace/,
    )
  }
})

test('webhooks: a BFDProfile stays while a peer uses it', async () => {
  await create(BFD_PROFILES, 'quick', {})
  await create(BGP_PEERS, 'p', { ...peer, bfdProfile: 'quick' })
  // What is followed is a moment behind: once a second one is refused, the first is known.
  await until('the peer to be known', async () => {
    const error: unknown = await create(BGP_PEERS, 'q', peer).catch((error: unknown) => error)
    if (/already exists as p/.test(String(error))) return true
    await cluster.delete(BGP_PEERS, { namespace: NAMESPACE, name: 'q' })
    return false
  })
  const ref = { namespace: NAMESPACE, name: 'quick' }
  await assert.rejects(
    cluster.delete(BFD_PROFILES, ref),
    /failed to delete BFDProfile quick, used by BGPPeer p/,
  )
  await cluster.delete(BGP_PEERS, { namespace: NAMESPACE, name: 'p' })
  await until('it to be free', () => cluster.delete(BFD_PROFILES, ref).then(() => true))
})

test('webhooks: a peer of v1beta1 is one of v1beta2, what is unset stays unset', async () => {
  const v1beta1 = { ...BGP_PEERS, version: 'v1beta1' }
  await create(v1beta1, 'old', { ...peer, nodeSelectors: [{ matchLabels: { a: 'b' } }] })
  const ref = { namespace: NAMESPACE, name: 'old' }
  const spec = { ...peer, nodeSelectors: [{ matchLabels: { a: 'b' } }], peerPort: 179 }
  assert.deepEqual((await cluster.get(BGP_PEERS, ref))['spec'], spec)
  assert.deepEqual((await cluster.get(v1beta1, ref))['spec'], spec)
  await create(BGP_PEERS, 'new', { myASN: 64500, dynamicASN: 'external', interface: 'eth0' })
  const back = await cluster.get(v1beta1, { namespace: NAMESPACE, name: 'new' })
  assert.deepEqual(back['spec'], { myASN: 64500, peerASN: 0, peerAddress: '', peerPort: 179 })
})

test('webhooks: an authority that was overwritten is put back, a secret that is gone is made anew', async () => {
  const bundle = async () => {
    const object = await cluster.get(VALIDATING_WEBHOOK_CONFIGURATIONS, CONFIGURATION)
    const [first] = object['webhooks'] as { clientConfig: { caBundle?: string } }[]
    return first?.clientConfig.caBundle
  }
  const converting = async () => {
    const name = 'bgppeers.metallb.io'
    const { spec } = (await cluster.get(CUSTOM_RESOURCE_DEFINITIONS, { name })) as unknown as {
      spec: { conversion: { webhook: { clientConfig: { caBundle?: string } } } }
    }
    return spec.conversion.webhook.clientConfig.caBundle
  }
  const good = await bundle()
  assert.ok(good)
  assert.equal(await converting(), good)
  await api.kubectl(
    'patch',
    'validatingwebhookconfiguration',
    CONFIGURATION.name,
    '--type=json',
    '-p',
    '[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]',
  )
  await cluster.patch(
    CUSTOM_RESOURCE_DEFINITIONS,
    { name: 'bgppeers.metallb.io' },
    { spec: { conversion: { webhook: { clientConfig: { caBundle: null } } } } },
  )
  await until('both to be put back', async () =>
    [await bundle(), await converting()].every((it) => it === good),
  )
  await cluster.delete(SECRETS, { namespace: NAMESPACE, name: 'metallb-webhook-cert' })
  await until('another authority', async () => (await bundle()) !== good)
  await refusing()
})

const fingerprint = (port: number | undefined) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect({ port: port ?? 0, host: 'localhost', rejectUnauthorized: false })
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    })
    socket.once('error', reject)
  })

test('webhooks: replicas that start at once show the same certificate', async () => {
  replica.stop()
  await cluster.delete(SECRETS, { namespace: NAMESPACE, name: 'metallb-webhook-cert' })
  const both = await Promise.all([startReplica(api), startReplica(api, true)])
  const [first, second] = both
  await until('one certificate for both', async () => {
    const shown = await Promise.all(both.map(({ webhooks }) => fingerprint(webhooks.port())))
    return shown[0] === shown[1]
  })
  const made = both.flatMap(({ log }) => log.events()).filter((it) => it === 'certificates-made')
  assert.equal(made.length, 1)
  // The second one speaks HTTP/2, and is asked from now on.
  await leadTo(api, second.webhooks.port() ?? 0)
  await refusing()
  first.stop()
  replica = second
})

test('webhooks: while they are away the API server itself refuses what is plainly wrong', async () => {
  replica.stop()
  const plain = create(IP_ADDRESS_POOLS, 'x', { addresses: ['banana'] })
  await assert.rejects(plain, /invalid CIDR "banana"/)
  await create(IP_ADDRESS_POOLS, 'x', { addresses: ['10.0.0.0/24'] })
  replica = await startReplica(api)
  await leadTo(api, replica.webhooks.port() ?? 0)
  await refusing()
})

/** With the rights of the manifests. */
async function leader() {
  const [log, own] = [new MemoryLog(), await connectAs(api, 'controller')]
  const options = { secretName: '', deployment: '', leaderElect: false }
  const on = { cluster: own, clock: systemClock, log }
  const { metrics, stop } = startController(on, { options })
  const read = async (name: string) => {
    const { body } = await metrics.page()
    return new RegExp(`^${name} (\\d)$`, 'm').exec(body)?.[1]
  }
  return {
    /** Of `loaded` or `stale`. */
    is: async (what: string) => (await read(`metallb_k8s_client_config_${what}_bool`)) === '1',
    stop,
  }
}

const state = async () => {
  const ref = { namespace: NAMESPACE, name: 'controller' }
  const { status } = (await cluster.get(CONFIGURATION_STATES, ref)) as unknown as {
    status: {
      result: string
      errorSummary: string
      conditions: { type: string; status: string; reason: string }[]
    }
  }
  return status
}

test('webhooks: what slipped by is told in the ConfigurationState, which is made again when deleted', async () => {
  const it = await leader()
  const bad = object(IP_ADDRESS_POOLS, 'late', { addresses: ['fd00::2-fd00::1'] })
  try {
    await create(IP_ADDRESS_POOLS, 'good', { addresses: ['10.0.0.0/24'] })
    await until('a good state', async () => (await state()).result === 'Valid')
    replica.stop()
    await cluster.create(IP_ADDRESS_POOLS, bad)
    await until('a bad state', async () => (await state()).result === 'Invalid')
    const { errorSummary, conditions } = await state()
    assert.match(errorSummary, /^IPAddressPool\/late spec.addresses\[0\]: .*is after the end IP/)
    assert.deepEqual(
      conditions.map(({ type, status, reason }) => [type, status, reason]),
      [['poolReconcilerValid', 'False', 'ConfigurationError']],
    )
    assert.deepEqual([await it.is('loaded'), await it.is('stale')], [true, true])
    await api.kubectl('delete', 'configurationstate', 'controller', '-n', NAMESPACE)
    await until('it to be there again', async () => (await state()).result === 'Invalid')
    await cluster.delete(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name: 'late' })
    await until('a good state', async () => (await state()).result === 'Valid')
    assert.equal(await it.is('stale'), false)
  } finally {
    await it.stop()
    replica = await startReplica(api)
    await leadTo(api, replica.webhooks.port() ?? 0)
    await refusing()
  }
})

test('webhooks: an object of BGP is told once that nothing comes of it yet', async () => {
  const it = await leader()
  try {
    await create(BGP_PEERS, 'p', peer)
    await until('the event', async () => {
      const events = await cluster.list(EVENTS, { namespace: NAMESPACE })
      return events.find(({ reason }) => reason === 'BGPNotBuilt')
    })
  } finally {
    await it.stop()
  }
})

const service = (name: string, pool: string): NewObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', annotations: { 'metallb.io/address-pool': pool } },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
})

/** Everything of one installation; addresses of Services are settled by what they ask for. */
const INSTALLATION: readonly (readonly [Resource, NewObject])[] = [
  [IP_ADDRESS_POOLS, object(IP_ADDRESS_POOLS, 'a', { addresses: ['10.0.0.1/32'] })],
  [
    IP_ADDRESS_POOLS,
    object(IP_ADDRESS_POOLS, 'b', { addresses: ['10.0.1.1/32'], autoAssign: false }),
  ],
  [L2_ADVERTISEMENTS, object(L2_ADVERTISEMENTS, 'l2', { ipAddressPools: ['a'] })],
  [BGP_PEERS, object(BGP_PEERS, 'p', { ...peer, bfdProfile: 'quick' })],
  [
    BGP_PEERS,
    object(BGP_PEERS, 'q', { ...peer, peerAddress: '10.9.0.2', passwordSecret: { name: 'later' } }),
  ],
  [BFD_PROFILES, object(BFD_PROFILES, 'quick', { receiveInterval: 50 })],
  [COMMUNITIES, object(COMMUNITIES, 'c', { communities: [{ name: 'out', value: '65535:65281' }] })],
  [
    BGP_ADVERTISEMENTS,
    object(BGP_ADVERTISEMENTS, 'bgp', {
      communities: ['out'],
      peers: ['p'],
      ipAddressPools: ['b'],
    }),
  ],
  [SERVICES, service('one', 'a')],
  [SERVICES, service('two', 'b')],
]

test('webhooks: the objects of an installation, in any order, are all taken and end in the same state', async () => {
  const it = await leader()
  const found = async () => {
    const objects = await Promise.all(
      INSTALLATION.map(([resource, { metadata }]) => {
        const { namespace = '', name = '' } = metadata
        return cluster.get(resource, { namespace, name })
      }),
    )
    return objects.map(({ metadata, spec, status }: KubeObject) => ({
      name: metadata.name,
      // Ports of nodes and cluster IPs are the API server's to choose.
      spec: metadata.namespace === 'default' ? undefined : spec,
      ingress: (status as { loadBalancer?: object } | undefined)?.loadBalancer,
      pool: metadata.annotations?.['metallb.io/ip-allocated-from-pool'],
    }))
  }
  const served = (end: Awaited<ReturnType<typeof found>>) =>
    end.filter(({ pool }) => pool !== undefined).length === 2
  let first: string | undefined
  const any = fc.shuffledSubarray([...INSTALLATION], { minLength: INSTALLATION.length })
  try {
    await fc.assert(
      fc.asyncProperty(any, async (order) => {
        for (const [resource, object] of order) await cluster.create(resource, object)
        const end = await until('both Services to be served', async () => {
          const end = await found()
          return served(end) && end
        })
        await until('a good state', async () => (await state()).result === 'Valid')
        first ??= JSON.stringify(end)
        assert.equal(JSON.stringify(end), first)
        for (const name of ['one', 'two']) {
          await cluster.delete(SERVICES, { namespace: 'default', name })
        }
        await clear()
      }),
      { numRuns: 8 },
    )
  } finally {
    await it.stop()
  }
})
