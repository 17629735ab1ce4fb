/**
 * A release of MetalLB's chart becomes one of Bellwether's while clients connect, by the commands of
 * docs/migration.md. As in migration.test.ts stand-ins are in the place of MetalLB's programs.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { electionOrder } from '../../src/core/election/order.ts'
import { NAMESPACE, externalIps, owner, poolYaml, probe } from '../lab/bellwether.ts'
import { binaries } from '../lab/binaries.ts'
import { documented } from '../lab/documented.ts'
import { metallbSpeaker } from '../lab/go-memberlist.ts'
import { CHART, helmBinary } from '../lab/helm.ts'
import { RELEASE, asOfChart, writeMetallbChart } from '../lab/metallb/chart.ts'
import { metallbDefinitions } from '../lab/metallb/definitions.ts'
import { memberlistSecret } from '../lab/metallb/objects.ts'
import { must } from '../lab/processes.ts'
import { ipv4, workers } from '../lab/topology.ts'
import { until } from '../lab/until.ts'
import { debugView, lab, serviceObject, startBackends } from './harness.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GUIDE = 'docs/migration.md'
const APPS = 'e2e-metallb-chart'
const SUBNET = '172.18.16'
const KEY = 'bm90IHNvIHNlY3JldCBrZX'
/** The documents' half a minute is long for a test. */
const RETURN_DELAY_S = 6
/** As in migration.test.ts: an address of the node that is moved, while that is going on. */
const DARK_MS = 3000

const nodes = workers(3)
const names = nodes.map(({ name }) => name)
/** One address of each node, by MetalLB's rule. */
const vips = new Map(
  names.map((node) => {
    const all = Array.from({ length: 100 }, (_, n) => `${SUBNET}.${n + 10}`)
    const candidates = names.map((name) => ({ name, weight: 0 }))
    return [`on-${node}`, all.find((ip) => electionOrder(candidates, ip)[0] === node) ?? '']
  }),
)
let folder = ''

/** Runs what the guide says below a heading, where the files that it names are. */
async function follow(heading: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { kubectl } = await binaries()
  const helm = await helmBinary()
  const path = [dirname(kubectl), dirname(helm), process.env['PATH'] ?? ''].join(delimiter)
  await must(['sh', '-eu', '-c', documented(GUIDE, heading)], {
    cwd: folder,
    env: { ...env, PATH: path, KUBECONFIG: lab.kubeconfig },
  })
}

const helm = async (...args: string[]) =>
  must([await helmBinary(), ...args, '-n', NAMESPACE], { env: { KUBECONFIG: lab.kubeconfig } })

const uidOf = (kind: string, name: string) =>
  lab.kubectl('-n', NAMESPACE, 'get', kind, name, '-o', 'jsonpath={.metadata.uid}')

before(async () => {
  await lab.up()
  folder = mkdtempSync(join(tmpdir(), 'metallb-chart-'))
  const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
  symlinkSync(CHART, join(folder, 'chart'))
  writeFileSync(join(folder, 'roles.yaml'), read('examples/migration/roles.yaml'))
  const delay = `  extraArgs: ['--return-delay=${RETURN_DELAY_S}']\n`
  const values = read('examples/migration/metallb-chart-values.yaml')
  writeFileSync(join(folder, 'values.yaml'), values.replaceAll(/image: {.*}/g, 'image: {}') + delay)
  const manifest = join(ROOT, 'manifests/bellwether.yaml')
  await lab.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: APPS } })
  const gone = lab.kubectl('delete', '-f', manifest, '--ignore-not-found', '--timeout=60s')
  await Promise.all([gone, startBackends(APPS, 3)])
  await installMetallb()
})

after(async () => {
  await lab.stopSpawned()
  rmSync(folder, { recursive: true, force: true })
  await lab.kubectl('delete', 'namespace', APPS, '--ignore-not-found', '--wait=false')
  await lab.kubectl(
    'delete',
    '-f',
    join(ROOT, 'examples/migration/roles.yaml'),
    '--ignore-not-found',
  )
  await helm('uninstall', RELEASE, '--ignore-not-found', '--wait')
  const crds = metallbDefinitions().map(({ metadata }) => (metadata as { name: string }).name)
  await lab.kubectl('delete', 'crd', '--ignore-not-found', ...crds)
  await lab.kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=60s')
})

/** What `helm install` of MetalLB's chart makes, and what its programs and its users make of that. */
async function installMetallb(): Promise<void> {
  const old = join(folder, 'metallb')
  const standIn = {
    path: await metallbSpeaker(),
    vips: [...vips.values()],
    nodes: nodes.map(ipv4),
  }
  writeMetallbChart(old, standIn)
  await helm('install', RELEASE, old, '--create-namespace')
  const label = 'pod-security.kubernetes.io/enforce=privileged'
  await lab.kubectl('label', 'namespace', NAMESPACE, label, '--overwrite')
  const deployment = await uidOf('deployment', 'metallb-controller')
  await lab.apply(asOfChart(memberlistSecret(KEY, deployment)))
  // Nobody is behind its webhooks to let the configuration in.
  await lab.kubectl('delete', 'validatingwebhookconfiguration', 'metallb-webhook-configuration')
  await until('a pool', () => lab.apply(poolYaml('chart', [`${SUBNET}.10-${SUBNET}.120`])))
  for (const [name, ip] of vips) {
    await lab.apply(serviceObject(APPS, name, {}))
    const service = ['service', name, '-n', APPS]
    await lab.kubectl('annotate', ...service, 'metallb.io/ip-allocated-from-pool=chart')
    const patch = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip }] } } })
    const merge = ['--subresource=status', '--type=merge', '-p', patch]
    await lab.kubectl('patch', ...service, ...merge)
  }
  const rollout = ['rollout', 'status', 'daemonset/metallb-speaker', '--timeout=240s']
  await lab.kubectl('-n', NAMESPACE, ...rollout)
  for (const [name, ip] of vips) assert.equal(`on-${await owner(lab, ip)}`, name)
}

async function addressesKept(): Promise<void> {
  for (const [name, ip] of vips) assert.deepEqual(await externalIps(lab, `${APPS}/${name}`), [ip])
}

/** The speaker of that node sees all, and may own what it is to have. */
const joined = (node: string) =>
  until(`${node} to be settled in the ring`, async () => {
    const members = (await debugView(node)).gossip?.members ?? []
    const alive = members.filter(({ state }) => state === 'alive')
    return alive.length === names.length && alive.find(({ name }) => name === node)?.settled
  })

test('e2e/metallb-chart: the release is upgraded, its nodes are moved, and clients do not notice', async () => {
  const objects = [
    ['deployment', 'metallb-controller'],
    ['daemonset', 'metallb-speaker'],
    ['secret', 'metallb-memberlist'],
    ['ipaddresspool', 'chart'],
  ] as const
  const uids = () => Promise.all(objects.map(([kind, name]) => uidOf(kind, name)))
  const before = { uids: await uids(), speakers: await speakers() }
  const probes = await Promise.all(
    [...vips.values()].map(async (ip) => ({ ip, probing: await probe(lab, ip) })),
  )

  await follow('Upgrade the release')
  assert.deepEqual(await uids(), before.uids)
  assert.deepEqual(await speakers(), before.speakers, 'the speakers are what they were')
  await addressesKept()

  const SPEAKERS = `app.kubernetes.io/instance=${RELEASE},app.kubernetes.io/component=speaker`
  for (const node of names) {
    await follow('Move a node', { NODE: node, SPEAKERS })
    await joined(node)
    await addressesKept()
  }
  await follow('End its move')
  const rollout = ['rollout', 'status', 'daemonset/metallb-speaker', '--timeout=240s']
  await lab.kubectl('-n', NAMESPACE, ...rollout)
  for (const ip of vips.values()) assert.ok(names.includes(await owner(lab, ip)))
  assert.deepEqual(await uids(), before.uids)
  await addressesKept()
  for (const { ip, probing } of probes) {
    await probing.answered()
    const outage = await probing.stop()
    const dark = outage.silentMs - outage.lateMs
    assert.ok(outage.recovered && dark <= DARK_MS, `${ip}: ${JSON.stringify(outage)}`)
  }
})

const speakers = async (): Promise<string[]> => {
  const select = ['-l', 'app.kubernetes.io/component=speaker', '-o', 'name']
  const names = await lab.kubectl('-n', NAMESPACE, 'get', 'pods', ...select)
  return names.trim().split('\n').sort()
}
