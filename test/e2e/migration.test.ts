/**
 * From MetalLB to Bellwether and back while clients connect, by the commands of docs/migration.md. MetalLB's
 * programs are not run: objects are as it leaves them (test/lab/metallb-objects.ts), and on nodes that are
 * not moved stands its stand-in, a member of hashicorp/memberlist with MetalLB's election and ARP library
 * (test/netns/go-memberlist/metallb-speaker).
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { electionOrder } from '../../src/core/election/order.ts'
import { roomFor } from '../../src/core/election/spread.ts'
import { newStatus, statusFields } from '../../src/speaker/status-plan.ts'
import { SegmentWatch } from '../bench/segment-watch.ts'
import { NAMESPACE, externalIp, externalIps, install, pods, poolYaml } from '../lab/bellwether.ts'
import { binaries } from '../lab/binaries.ts'
import { documented } from '../lab/documented.ts'
import { metallbSpeaker } from '../lab/go-memberlist.ts'
import {
  memberlistSecret,
  metallbDefinitions,
  metallbObjects,
  metallbWebhooks,
  webhookCertificates,
} from '../lab/metallb-objects.ts'
import { must } from '../lab/processes.ts'
import { ipv4, workers } from '../lab/topology.ts'
import { until } from '../lab/until.ts'
import { debugView, lab, serviceObject, startBackends } from './harness.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GUIDE = 'docs/migration.md'
const APPS = 'e2e-migration'
const POOL = 'e2e-migration'
const WEBHOOKS = 'metallb-webhook-configuration'
const SUBNET = '172.18.13'
const KEY = 'bm90IHNvIHNlY3JldCBrZX'
const AT_REST_MS = 1500
const RETURN_DELAY_S = 10
/** One of MetalLB's that leaves answers until its farewell is out, for which it takes a second at most. */
const DOUBLE_MS = 1200
/** The same, and two rounds of what kubelet does. */
const DARK_MS = 3000

const nodes = workers(3)
const names = nodes.map(({ name }) => name)
/** Whose an address is while one of MetalLB's speakers is a member. */
const ruledBy = (ip: string): string =>
  electionOrder(
    names.map((name) => ({ name, weight: 0 })),
    ip,
  )[0] ?? ''

/** Addresses by the name of their Service: `w1-0` is w1's by MetalLB's rule. The first node has most. */
const vips = new Map(
  names.flatMap((node, i) => {
    const all = Array.from({ length: 100 }, (_, n) => `${SUBNET}.${n + 10}`)
    const ours = all.filter((ip) => ruledBy(ip) === node).slice(0, i === 0 ? 4 : 1)
    return ours.map((ip, n) => [`${node}-${n}`, ip] as const)
  }),
)
/** One address of each node is watched. */
const watched = names.map((node) => vips.get(`${node}-0`) ?? '')
const watches = new Map<string, SegmentWatch>()
const moved = new Set<string>()
let folder = ''
let macs: ReadonlyMap<string, string>

/** Runs what the guide says below a heading, where the files that it names are. */
async function follow(heading: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { kubectl } = await binaries()
  const path = `${dirname(kubectl)}${delimiter}${process.env['PATH'] ?? ''}`
  await must(['sh', '-eu', '-c', documented(GUIDE, heading)], {
    cwd: folder,
    env: { ...env, PATH: path, KUBECONFIG: lab.kubeconfig },
  })
}

const get = async <T>(...args: string[]): Promise<T> =>
  JSON.parse(await lab.kubectl(...args, '-o', 'json')) as T

interface Named {
  readonly metadata: { readonly name: string; readonly uid: string }
}
interface Status extends Named {
  readonly status?: { readonly node?: string; readonly serviceName?: string }
}

const statuses = async (): Promise<readonly Status[]> =>
  (await get<{ items: Status[] }>('-n', NAMESPACE, 'get', 'servicel2status')).items

const secret = async (name: string) =>
  (await get<{ data: Readonly<Record<string, string>> }>('-n', NAMESPACE, 'get', 'secret', name))
    .data

before(async () => {
  await lab.up()
  folder = mkdtempSync(join(tmpdir(), 'migration-'))
  const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
  writeFileSync(join(folder, 'roles.yaml'), read('examples/migration/roles.yaml'))
  // Half a minute between nodes is long for a test.
  const [controller = '', speaker = ''] = read('manifests/bellwether.yaml').split(
    /(?=kind: DaemonSet)/,
  )
  const hasty = speaker.replace('args: [', `args: [--return-delay=${RETURN_DELAY_S}, `)
  writeFileSync(join(folder, 'bellwether.yaml'), controller + hasty)
  macs = new Map(
    await Promise.all(names.map(async (name) => [await lab.hostMac(name), name] as const)),
  )
  await lab.kubectl('delete', '-f', join(folder, 'bellwether.yaml'), '--ignore-not-found')
  await lab.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: APPS } })
  await startBackends(APPS, 3)
  await installMetallb()
})

after(async () => {
  await lab.stopSpawned()
  rmSync(folder, { recursive: true, force: true })
  await lab.kubectl('delete', 'namespace', APPS, NAMESPACE, '--ignore-not-found')
  await lab.kubectl('delete', 'validatingwebhookconfiguration', WEBHOOKS)
  await lab.kubectl('delete', 'crd', ...metallbDefinitions().map(nameOf))
  await install(lab)
})

const nameOf = (object: Record<string, unknown>) => (object as unknown as Named).metadata.name

const listed = (items: readonly object[]) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items })

/** What `kubectl apply -f metallb-native.yaml` makes, and what its programs and its users make of that. */
async function installMetallb(): Promise<void> {
  const objects = metallbObjects({
    speaker: await metallbSpeaker(),
    vips: [...vips.values()],
    nodes: nodes.map(ipv4),
  })
  const definitions = metallbDefinitions()
  const manifest = listed([...definitions, ...objects, metallbWebhooks()])
  writeFileSync(join(folder, 'metallb-native.yaml'), manifest)
  // Its webhooks last: with nobody behind them they refuse the configuration.
  await lab.apply(listed([...definitions, ...objects]))
  const crds = definitions.map((object) => `crd/${nameOf(object)}`)
  await lab.kubectl('wait', '--for=condition=Established', ...crds)
  const deployment = await get<Named>('-n', NAMESPACE, 'get', 'deployment', 'controller')
  await lab.apply(memberlistSecret(KEY, deployment.metadata.uid))
  await lab.apply(poolYaml(POOL, [`${SUBNET}.10-${SUBNET}.120`]))
  for (const [name, ip] of vips) await allocated(name, ip)
  await lab.apply(manifest)
  await certified()
  await lab.kubectl('-n', NAMESPACE, 'rollout', 'status', 'daemonset/speaker', '--timeout=120s')
  for (const [name, ip] of vips) await announced(name, ruledBy(ip))
  // A double, as of a node that did not hear that it had lost.
  await announced('w1-0', 'w3')
  for (const name of ['controller', ...names.map((node) => `speaker-${node}`)]) await valid(name)
}

/** Its controller makes certificates, and puts the authority into the webhooks. */
async function certified(): Promise<void> {
  const data = await webhookCertificates()
  const filled = ['-p', JSON.stringify({ data })]
  await lab.kubectl('-n', NAMESPACE, 'patch', 'secret', 'metallb-webhook-cert', ...filled)
  const operations = metallbWebhooks().webhooks.map((_, i) => ({
    op: 'add',
    path: `/webhooks/${i}/clientConfig/caBundle`,
    value: data['ca.crt'],
  }))
  const patch = ['--type=json', '-p', JSON.stringify(operations)]
  await lab.kubectl('patch', 'validatingwebhookconfiguration', WEBHOOKS, ...patch)
}

const setStatus = (status: object, ...object: string[]) =>
  lab.kubectl(
    ...['patch', ...object, '--subresource=status', '--type=merge'],
    ...['-p', JSON.stringify({ status })],
  )

/** Its controller gives a Service an address of the pool. */
async function allocated(name: string, ip: string): Promise<void> {
  await lab.apply(serviceObject(APPS, name, {}))
  const service = ['service', name, '-n', APPS]
  await lab.kubectl('annotate', ...service, `metallb.io/ip-allocated-from-pool=${POOL}`)
  await setStatus({ loadBalancer: { ingress: [{ ip }] } }, ...service)
}

/** Its speaker on a node tells that it announces a Service. */
async function announced(service: string, node: string): Promise<void> {
  const pod = (await pods(lab, 'speaker')).get(node) ?? ''
  const { metadata } = await get<Named>('-n', NAMESPACE, 'get', 'pod', pod)
  const owner = { apiVersion: 'v1', kind: 'Pod', name: pod, uid: metadata.uid }
  const what = { service: `${APPS}/${service}`, interfaces: [] }
  const object = newStatus(node, NAMESPACE, what, owner)
  const name = `l2-${service}-${node}`
  const { generateName: _, ...rest } = object.metadata
  await lab.apply({ ...object, metadata: { ...rest, name } })
  await setStatus(statusFields(node, what), 'servicel2status', name, '-n', NAMESPACE)
}

/** A program of 0.16 tells that the configuration is in use. */
async function valid(name: string): Promise<void> {
  const type = name === 'controller' ? 'poolReconcilerValid' : 'configReconcilerValid'
  const labels = { 'metallb.io/component-type': name.split('-')[0] }
  await lab.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ConfigurationState',
    metadata: { namespace: NAMESPACE, name, labels },
  })
  const conditions = [
    { type, status: 'True', reason: 'Reconciled', message: '', lastTransitionTime: new Date() },
  ]
  await setStatus({ result: 'Valid', conditions }, 'configurationstate', name, '-n', NAMESPACE)
}

/** A pool that nobody uses is taken by whoever is asked. */
const applyPool = (name: string, range: string) =>
  lab.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace: NAMESPACE },
    spec: { addresses: [range], autoAssign: false },
  })

/** Rights of speakers: of MetalLB's by MetalLB's manifest, of ours by ours. */
async function mayStill(rights: readonly string[]): Promise<void> {
  const as = `--as=system:serviceaccount:${NAMESPACE}:speaker`
  for (const right of rights) {
    await lab.kubectl('-n', NAMESPACE, 'auth', 'can-i', ...right.split(' '), as)
  }
}

/** All have the addresses that they had. */
async function addressesKept(): Promise<void> {
  for (const [name, ip] of vips) {
    assert.deepEqual(await externalIps(lab, `${APPS}/${name}`), [ip], `address of ${name}`)
  }
}

const nodeOf = (mac: string): string => macs.get(mac) ?? mac

/** Who has each watched address, at rest. */
async function places(): Promise<Map<string, string>> {
  const found = [...watches].map(async ([ip, watch]) => [ip, nodeOf(await watch.rest())] as const)
  return new Map(await Promise.all(found))
}

/** Waits until each watched address is at rest where it is expected. */
async function at(owner: (ip: string) => string): Promise<void> {
  await until(`${watched.map((ip) => `${ip} at ${owner(ip)}`).join(', ')}`, async () => {
    const wrong = [...(await places())].filter(([ip, node]) => node !== owner(ip))
    if (wrong.length > 0) throw new Error(`found ${wrong.map((it) => it.join(' at ')).join(', ')}`)
    return true
  })
}

/** All speakers of ours have all nodes as members. */
const joined = () =>
  until('all to be members of one ring', async () => {
    for (const node of moved) {
      const { gossip } = await debugView(node)
      const alive = gossip?.members.filter(({ state }) => state === 'alive') ?? []
      if (alive.length !== names.length) throw new Error(`${node} sees ${alive.length}`)
      const ours = alive.filter(({ kind }) => kind === 'ours').map(({ name }) => name)
      assert.deepEqual(ours.sort(), [...moved].sort(), `ours, as ${node} sees them`)
    }
    return true
  })

/** Owners as all speakers of ours have them; undefined while they differ, or some may not own anything yet. */
async function agreed(): Promise<Map<string, string> | undefined> {
  const views = await Promise.all([...moved].map(debugView))
  if (!views.every(({ gossip }) => gossip?.members.every(({ settled }) => settled)))
    return undefined
  const [first, ...others] = views.map(({ owners }) =>
    owners
      .filter(({ service }) => service.startsWith(`${APPS}/`))
      .map(({ ip, owner }) => [ip, owner ?? 'nobody'] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  const text = JSON.stringify(first)
  return others.every((it) => JSON.stringify(it) === text) ? new Map(first) : undefined
}

/** An address has no reason to move from where it is: by MetalLB's rule, and by the spread of those watched. */
const stays = (ip: string, owner: string) => owner === ruledBy(ip)

/** What clients saw since then, and how it is judged. `moving`: the node whose addresses went and came back. */
function undisturbed(
  t: TestContext,
  fromMs: number,
  start: ReadonlyMap<string, string>,
  moving?: string,
) {
  for (const [ip, watch] of watches) {
    const owner = start.get(ip) ?? ''
    const mac = [...macs].find(([, node]) => node === owner)?.[0] ?? ''
    const { tcp, arp } = watch.figures(mac, { fromMs, toMs: Infinity })
    const figures = JSON.stringify({ ip, owner, tcp, arp })
    t.diagnostic(figures)
    if (owner === moving) assert.ok(tcp.recovered && tcp.silentMs <= DARK_MS, figures)
    else assert.equal(tcp.failed, 0, figures)
    if (owner !== moving && stays(ip, owner)) {
      assert.deepEqual([arp.takeoverMs, arp.doubles], [null, 0], figures)
    } else assert.ok(arp.doubleMs <= DOUBLE_MS, figures)
  }
}

/** Where speakers are mixed: each of ours keeps one status for each Service that it has, and no other is left. */
const told = () =>
  until('one status for each Service', async () => {
    const found = (await statuses()).map(({ status }) => [status?.serviceName, status?.node].join())
    // The stand-ins write none: there are those of the beginning, as long as none of ours has been the owner.
    const expected = [...vips].map(([name, ip]) => [name, ruledBy(ip)].join())
    const missing = expected.filter(
      (it) => !found.includes(it) && moved.has(it.split(',')[1] ?? ''),
    )
    const wrong = found.filter((it, i) => !expected.includes(it) || found.indexOf(it) !== i)
    if (missing.length + wrong.length > 0)
      throw new Error(`missing ${missing.join(' ')}, wrong ${wrong.join(' ')}`)
    return true
  })

/** Those that have moved are stable, and may take from others when MetalLB's are gone. */
const settled = () =>
  until('those that have moved to be settled', async () => {
    const views = await Promise.all([...moved].map(debugView))
    return views.every(({ gossip }) =>
      gossip?.members.every(({ name, settled }) => settled || !moved.has(name)),
    )
  })

/** Moves a node by the guide, and looks at what came of it. */
async function move(t: TestContext, node: string, to: 'bellwether' | 'metallb'): Promise<void> {
  await settled()
  const start = await places()
  const fromMs = Date.now()
  await follow('Move a node', { NODE: node })
  if (to === 'bellwether') moved.add(node)
  else moved.delete(node)
  await joined()
  if (moved.size < names.length) {
    await at(ruledBy)
    await told()
  }
  undisturbed(t, fromMs, start, node)
  await addressesKept()
}

/** One after another, each from where the one before ended: there is no going on from a failure. */
let broken = false
function step(what: string, run: (t: TestContext) => Promise<void>): void {
  void test(`e2e/migration: ${what}`, async (t) => {
    assert.ok(!broken, 'the step before failed')
    broken = true
    await run(t)
    broken = false
  })
}

step('an installation of MetalLB, whose controller is down', async () => {
  for (const ip of watched) watches.set(ip, new SegmentWatch(lab, ip, AT_REST_MS))
  await at(ruledBy)
  await assert.rejects(applyPool('early', '172.18.14.1-172.18.14.9'), /failed calling webhook/)
  await follow('What moves, and what must not')
})

step('the controller first; speakers, addresses and Secrets stay', async (t) => {
  const start = await places()
  const before = { pods: await pods(lab, 'speaker'), key: await secret('memberlist') }
  const certificate = await secret('metallb-webhook-cert')
  const fromMs = Date.now()
  await follow('Move the controller')
  await until('the webhooks to answer', () => applyPool('early', '172.18.14.1-172.18.14.9'))
  const overlap = applyPool('late', `${SUBNET}.20-${SUBNET}.30`)
  await assert.rejects(overlap, /denied the request.*overlaps/s)
  await lab.apply(serviceObject(APPS, 'new', {}))
  const ip = await externalIp(lab, `${APPS}/new`)
  assert.ok(![...vips.values()].includes(ip), `${ip} is another's`)
  await lab.kubectl('-n', APPS, 'delete', 'service', 'new')

  await mayStill([
    'watch namespaces',
    'watch endpoints',
    'watch secrets',
    'watch configmaps',
    'watch bgppeers.metallb.io',
    'patch servicel2statuses.metallb.io',
    'update servicel2statuses.metallb.io --subresource=status',
    'update configurationstates.metallb.io --subresource=status',
  ])
  assert.deepEqual(await pods(lab, 'speaker'), before.pods)
  assert.deepEqual(await secret('memberlist'), before.key)
  const now = await secret('metallb-webhook-cert')
  for (const file of ['ca.crt', 'ca.key']) assert.equal(now[file], certificate[file], file)
  await addressesKept()
  undisturbed(t, fromMs, start)
})

for (const node of names) {
  step(`${node} moves to Bellwether`, (t) => move(t, node, 'bellwether'))
}

step('all moved: addresses are spread, each with one status', async (t) => {
  const start = await places()
  const fromMs = Date.now()
  await follow('When the last node is moved')
  const owners = await until('all to be settled and to agree', agreed)
  await at((ip) => owners.get(ip) ?? '')
  undisturbed(t, fromMs, start)
  assert.deepEqual([...owners.keys()].sort(), [...vips.values()].sort())
  for (const node of names) {
    const has = [...owners.values()].filter((owner) => owner === node).length
    assert.ok(has <= roomFor(vips.size, names.length), `${node} has ${has} addresses`)
  }
  await until('one status for each Service, of its owner', async () => {
    const found = (await statuses()).map(({ status }) => [status?.serviceName, status?.node].join())
    assert.deepEqual(
      found.sort(),
      [...vips].map(([name, ip]) => [name, owners.get(ip)].join()).sort(),
    )
    return true
  })
  const path = 'jsonpath={range .items[*]}{.metadata.name}={.status.result} {end}'
  const states = await lab.kubectl('-n', NAMESPACE, 'get', 'configurationstates', '-o', path)
  const programs = ['controller', ...names.map((node) => `speaker-${node}`)]
  assert.equal(states.trim(), programs.map((name) => `${name}=Valid`).join(' '))
  await addressesKept()
})

step('back: the controller first, and definitions that know less', async (t) => {
  const start = await places()
  const before = { pods: await pods(lab, 'speaker'), statuses: (await statuses()).length }
  const fromMs = Date.now()
  await follow('The controller first')
  await mayStill([
    'watch pods',
    'patch servicel2statuses.metallb.io --subresource=status',
    'create tokenreviews.authentication.k8s.io',
  ])
  assert.deepEqual(await pods(lab, 'speaker'), before.pods)
  assert.equal((await statuses()).length, before.statuses)
  assert.deepEqual(await places(), start)
  const { spec } = await get<{ spec: object }>('-n', NAMESPACE, 'get', 'deployment', 'controller')
  assert.equal((spec as { replicas?: number }).replicas, 1)
  await addressesKept()
  undisturbed(t, fromMs, start)
})

for (const node of names) {
  step(`${node} moves back to MetalLB`, (t) => move(t, node, 'metallb'))
}

step('all moved back: as it was', async () => {
  const before = await pods(lab, 'speaker')
  await follow('The nodes, and the end')
  await at(ruledBy)
  assert.deepEqual(await pods(lab, 'speaker'), before)
  assert.deepEqual(await statuses(), [], 'the stand-ins write none, and ours took theirs away')
  await addressesKept()
})
