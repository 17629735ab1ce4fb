/**
 * From MetalLB to Bellwether and back while clients connect, by the commands of docs/migration.md. MetalLB's
 * programs are not run: objects are as it leaves them (metallb-installation.ts), and on nodes that are not
 * moved stands its stand-in, a member of hashicorp/memberlist with MetalLB's election and ARP library
 * (test/netns/go-memberlist/metallb-speaker).
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { roomFor } from '../../src/core/election/spread.ts'
import { NAMESPACE, externalIp, manifest, pods } from '../lab/bellwether.ts'
import { binaries } from '../lab/binaries.ts'
import { documented } from '../lab/documented.ts'
import { must } from '../lab/processes.ts'
import { passes, until } from '../lab/until.ts'
import { RETURN_DELAY_S, debugView, getJson, lab, serviceObject, startBackends } from './harness.ts'
import { installMetallb, removeMetallb } from './metallb-installation.ts'
import { Clients } from './migration-clients.ts'
import { APPS, SUBNET, names, ruledBy, vips } from './migration-plan.ts'

const ROLES = fileURLToPath(new URL('../../examples/migration/roles.yaml', import.meta.url))
const GUIDE = 'docs/migration.md'

const moved = new Set<string>()
let clients: Clients
let folder = ''

/** Runs what the guide says below a heading, where the files that it names are. */
async function follow(heading: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { kubectl } = await binaries()
  const path = `${dirname(kubectl)}${delimiter}${process.env['PATH'] ?? ''}`
  await must(['sh', '-eu', '-c', documented(GUIDE, heading)], {
    cwd: folder,
    env: { ...env, PATH: path, KUBECONFIG: lab.kubeconfig },
  })
}

interface Status {
  readonly status?: { readonly node?: string; readonly serviceName?: string }
}

const statuses = async (): Promise<readonly Status[]> =>
  (await getJson<{ items: Status[] }>('-n', NAMESPACE, 'get', 'servicel2status')).items

const secret = async (name: string) =>
  (
    await getJson<{ data: Readonly<Record<string, string>> }>(
      '-n',
      NAMESPACE,
      'get',
      'secret',
      name,
    )
  ).data

before(async () => {
  await lab.up()
  folder = mkdtempSync(join(tmpdir(), 'migration-'))
  writeFileSync(join(folder, 'roles.yaml'), readFileSync(ROLES))
  writeFileSync(join(folder, 'bellwether.yaml'), manifest(RETURN_DELAY_S))
  await lab.kubectl('delete', '-f', join(folder, 'bellwether.yaml'), '--ignore-not-found')
  await lab.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: APPS } })
  await startBackends(APPS, 3)
  await installMetallb(folder)
})

after(async () => {
  await lab.stopSpawned()
  rmSync(folder, { recursive: true, force: true })
  await lab.kubectl('delete', 'namespace', APPS, '--ignore-not-found')
  await removeMetallb()
})

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
  const may = (right: string) =>
    lab.kubectl('-n', NAMESPACE, 'auth', 'can-i', ...right.split(' '), as)
  await Promise.all(rights.map(may))
}

interface Service {
  readonly metadata: { readonly name: string }
  readonly status: {
    readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] }
  }
}

/** All have the addresses that they had. */
async function addressesKept(): Promise<void> {
  const { items } = await getJson<{ items: Service[] }>('-n', APPS, 'get', 'services')
  const found = items.map(({ metadata, status }) => {
    const ips = (status.loadBalancer.ingress ?? []).map(({ ip }) => ip)
    return [metadata.name, ips.join()] as const
  })
  assert.deepEqual(new Map(found), vips)
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
  const start = await clients.places()
  const fromMs = Date.now()
  await follow('Move a node', { NODE: node })
  if (to === 'bellwether') moved.add(node)
  else moved.delete(node)
  await joined()
  if (moved.size < names.length) {
    await clients.at(ruledBy)
    await told()
  }
  clients.undisturbed(t, fromMs, start, node)
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
  clients = await Clients.start()
  await clients.at(ruledBy)
  await assert.rejects(applyPool('early', '172.18.14.1-172.18.14.9'), /failed calling webhook/)
  await follow('What moves, and what must not')
})

step('the controller first; speakers, addresses and Secrets stay', async (t) => {
  const start = await clients.places()
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
  clients.undisturbed(t, fromMs, start)
})

for (const node of names) {
  step(`${node} moves to Bellwether`, (t) => move(t, node, 'bellwether'))
}

step('all moved: addresses are spread, each with one status', async (t) => {
  const start = await clients.places()
  const fromMs = Date.now()
  await follow('When the last node is moved')
  // Again and again: who has just settled counts a moment later, and all may have agreed before that.
  const owners = await until('all to agree, and clients to find it so', async () => {
    const reckoned = await agreed()
    if (!reckoned) return false
    const found = await clients.places()
    const wrong = [...found].filter(([ip, node]) => reckoned.get(ip) !== node)
    if (wrong.length > 0) throw new Error(`found ${wrong.map((it) => it.join(' at ')).join(', ')}`)
    return reckoned
  })
  clients.undisturbed(t, fromMs, start)
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
  const start = await clients.places()
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
  await clients.at((ip) => start.get(ip) ?? '')
  const { spec } = await getJson<{ spec: object }>(
    '-n',
    NAMESPACE,
    'get',
    'deployment',
    'controller',
  )
  assert.equal((spec as { replicas?: number }).replicas, 1)
  await addressesKept()
  clients.undisturbed(t, fromMs, start)
})

for (const node of names) {
  step(`${node} moves back to MetalLB`, (t) => move(t, node, 'metallb'))
}

step('all moved back: as it was', async () => {
  const before = await pods(lab, 'speaker')
  await follow('The nodes, and the end')
  await clients.at(ruledBy)
  assert.deepEqual(await pods(lab, 'speaker'), before)
  await passes('no status', async () =>
    assert.deepEqual(await statuses(), [], 'the stand-ins write none, and ours took theirs away'),
  )
  await addressesKept()
})
