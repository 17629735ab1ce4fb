/** The plugin before a real API server: what it says, how it ends, which rights it takes. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { runPlugin } from '../../src/cli/run.ts'
import type { Terminal } from '../../src/cli/run.ts'
import { makePackage } from '../../tools/plugin.ts'
import { freePorts } from '../lab/free-ports.ts'
import { must } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import type { ApiServer } from './api-server.ts'
import { installed } from './installed.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const OWN = 'metallb-system'
const LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

let api: ApiServer
/** Kubeconfigs by whose they are. */
const users: Record<string, string> = {}

before(async () => {
  api = await installed()
  await api.apply(read('manifests/plugin-rbac.yaml'))
  await makeUser('nobody', [])
  await makeUser('viewer', VIEWER)
  await makeUser('insider', [...VIEWER, `${OWN}/speaker-viewer`])
  await makeUser('drainer', [...VIEWER, 'metallb-system:drainer'])
  await api.apply(read('examples/tutorial/ip-pool.yaml'))
  await api.apply(read('examples/tutorial/advertise.yaml'))
  for (const name of ['w1', 'w2']) {
    await api.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
  }
  await makeService('web', '172.18.0.10')
  await announceFrom('w1', 'web')
})
after(() => api.stop())

/** As docs/plugin.md binds them. */
const VIEWER = ['metallb-system:viewer', `${OWN}/viewer`, 'kube-system/metallb-system-viewer']

async function makeUser(name: string, roles: readonly string[]): Promise<void> {
  await api.kubectl('create', 'serviceaccount', name)
  for (const [i, role] of roles.entries()) {
    const [namespace, its] = role.split('/')
    const binding = [`${name}-${i}`, `--serviceaccount=default:${name}`]
    if (its === undefined) {
      await api.kubectl('create', 'clusterrolebinding', ...binding, `--clusterrole=${role}`)
    } else {
      const where = ['-n', namespace ?? '']
      await api.kubectl('create', 'rolebinding', ...where, ...binding, `--role=${its}`)
    }
  }
  users[name] = await api.kubeconfigOf(name, 'default')
}

async function makeService(name: string, ip: string): Promise<void> {
  await api.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  })
  const status = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip }] } } })
  await api.kubectl('patch', 'service', name, '--subresource=status', '--type=merge', '-p', status)
  await api.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ port: 80 }],
    endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'w1', conditions: { ready: true } }],
  })
}

/** The ServiceL2Status that a speaker keeps. */
async function announceFrom(node: string, service: string): Promise<void> {
  const name = `l2-${service}`
  await api.apply({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: {
      name,
      namespace: OWN,
      labels: {
        'metallb.io/node': node,
        'metallb.io/service-name': service,
        'metallb.io/service-namespace': 'default',
      },
    },
    spec: {},
  })
  const status = { node, serviceName: service, serviceNamespace: 'default', interfaces: [] }
  const where = ['-n', OWN, 'servicel2status', name, '--subresource=status', '--type=merge']
  await api.kubectl('patch', ...where, '-p', JSON.stringify({ status }))
}

interface Ended {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** All commands that only look. */
const LOOKING = [
  ['status'],
  ['where', 'web'],
  ['explain', 'web'],
  ['pools'],
  ['members'],
  ['doctor'],
]

const SILENT: Terminal = {
  out: () => {},
  tell: () => {},
  paint: (_, text) => text,
  isTerminal: false,
}

/** As the process does it, with an output that is no terminal. */
async function plugin(user: string, ...argv: string[]): Promise<Ended> {
  let [out, err] = ['', '']
  const exit = await runPlugin([...argv, '--kubeconfig', users[user] ?? user], {
    ...SILENT,
    out: (text) => (out += text),
    tell: (text) => (err += text),
  })
  return { exit, out, err }
}

test('plugin: pools tells who holds what, for people and for scripts', async () => {
  const table = await plugin('viewer', 'pools')
  assert.match(table.out, /ip-pool .*172\.18\.0\.10-172\.18\.0\.30/)
  assert.match(table.out, /172\.18\.0\.10 +ip-pool +default\/web +w1/)
  assert.equal(table.exit, 0)
  const { out } = await plugin('viewer', 'pools', '-o', 'json')
  const data = JSON.parse(out) as { pools: { ipv4: object }[] }
  assert.deepEqual(data.pools[0]?.ipv4, { used: 1, free: 20, total: 21 })
  assert.deepEqual(parse((await plugin('viewer', 'pools', '-o', 'yaml')).out), data)
})

for (const argv of LOOKING) {
  test(`plugin: a viewer may ${argv.join(' ')}, and is told what only an insider may see`, async () => {
    const { exit, out, err } = await plugin('viewer', ...argv)
    assert.ok(exit === 0 || exit === 1, err)
    for (const line of `${out}\n${err}`.split('\n')) {
      if (/may not/.test(line)) assert.match(line, /portforward|create ipaddresspools/)
    }
  })
}

for (const argv of LOOKING) {
  test(`plugin: of the views nothing is kept from an insider: ${argv.join(' ')}`, async () => {
    const { exit, out, err } = await plugin('insider', ...argv)
    assert.ok(exit === 0 || exit === 1, err)
    assert.doesNotMatch(out + err, /may not .*portforward/)
  })
}

for (const argv of LOOKING) {
  test(`plugin: who may see nothing is told which right is missing: ${argv.join(' ')}`, async () => {
    const { exit, err } = await plugin('nobody', ...argv)
    assert.equal(exit, 3, err)
    assert.match(err, /you may not list services in all namespaces/)
    assert.match(err, /plugin-rbac\.yaml/)
  })
}

test('plugin: an API server that is not there is told of', async () => {
  const [port] = await freePorts(1)
  const path = `${api.kubeconfig}-nowhere`
  const text = readFileSync(api.kubeconfig, 'utf8')
  writeFileSync(path, text.replace(/https:\/\/127\.0\.0\.1:\d+/, `https://127.0.0.1:${port}`))
  const { exit, err } = await plugin(path, 'pools')
  assert.equal(exit, 3)
  assert.match(err, /cannot be asked.*ECONNREFUSED/)
})

test('plugin: credentials that are not accepted are told of', async () => {
  const path = `${api.kubeconfig}-stranger`
  writeFileSync(path, api.configOf('nonsense').exportConfig())
  const { exit, err } = await plugin(path, 'pools')
  assert.equal(exit, 3)
  assert.match(err, /401/)
})

test('plugin: usage is told with all that is wrong with it', async () => {
  const { exit, err } = await plugin('viewer', 'were', '--wide')
  assert.equal(exit, 2)
  assert.match(err, /unknown command "were"/)
  assert.match(err, /unknown flag --wide/)
  assert.equal((await plugin('viewer', 'where')).exit, 2)
  assert.equal((await plugin('drainer', 'drain', 'nowhere')).exit, 2)
  assert.equal((await plugin('viewer', 'pools', '--context', 'nowhere')).exit, 2)
})

test('plugin: help, version and completion need no cluster', async () => {
  const { exit, out } = await plugin('/nowhere', '--help')
  assert.equal(exit, 0)
  assert.match(out, /drain NODE/)
  assert.match((await plugin('/nowhere', 'drain', '--help')).out, /--force/)
  assert.match((await plugin('/nowhere', 'completion', 'bash')).out, /complete -o default/)
})

test('plugin: names are completed from the cluster', async () => {
  const complete = async (...words: string[]) => {
    let out = ''
    const flags = ['--kubeconfig', users['viewer'] ?? '']
    await runPlugin(['__complete', ...flags, ...words], { ...SILENT, out: (text) => (out += text) })
    return out
  }
  assert.equal(await complete('where', 'w'), 'web\t172.18.0.10\n:4\n')
  assert.equal(await complete('where', 'default/'), 'default/web\t172.18.0.10\n:4\n')
  assert.equal(await complete('drain', ''), 'w1\nw2\n:4\n')
  assert.equal(await complete('pools', ''), 'ip-pool\n:4\n')
})

const labelOf = async (node: string) =>
  api.kubectl(
    'get',
    'node',
    node,
    '-o',
    `jsonpath={.metadata.labels.${LABEL.replaceAll('.', '\\.')}}`,
  )

test('plugin: drain labels the node and waits until it announces nothing; undrain takes the label away', async () => {
  const plan = await plugin('drainer', 'drain', 'w1', '--dry-run')
  assert.match(plan.out, /default\/web +172\.18\.0\.10/)
  assert.equal(await labelOf('w1'), '')
  const drained = plugin('drainer', 'drain', 'w1', '-o', 'json')
  await until('the label', async () => (await labelOf('w1')) === 'bellwether-drain')
  // What the speaker does that hears of it.
  await api.kubectl('-n', OWN, 'delete', 'servicel2status', 'l2-web')
  const { exit, out, err } = await drained
  assert.equal(exit, 0, err)
  assert.equal((JSON.parse(out) as { drained: boolean }).drained, true)
  assert.equal((await plugin('drainer', 'undrain', 'w1')).exit, 0)
  assert.equal(await labelOf('w1'), '')
  await announceFrom('w1', 'web')
})

test('plugin: drain that takes too long says what is left, and the node stays excluded', async () => {
  const { exit, out } = await plugin('drainer', 'drain', 'w1', '--timeout', '1s')
  assert.equal(exit, 1)
  assert.match(out, /default\/web/)
  assert.equal(await labelOf('w1'), 'bellwether-drain')
  await plugin('drainer', 'undrain', 'w1')
})

test('plugin: drain changes nothing where a Service would be out of reach', async () => {
  const patch = JSON.stringify({ spec: { externalTrafficPolicy: 'Local' } })
  await api.kubectl('patch', 'service', 'web', '-p', patch)
  const { exit, out } = await plugin('drainer', 'drain', 'w1')
  assert.equal(exit, 1)
  assert.match(out, /default\/web .*noEligibleNode/)
  assert.equal(await labelOf('w1'), '')
  await api.kubectl('patch', 'service', 'web', '-p', '{"spec":{"externalTrafficPolicy":"Cluster"}}')
})

test("plugin: a label that is another's is left alone", async () => {
  await api.kubectl('label', 'node', 'w2', `${LABEL}=mine`)
  const { exit, out } = await plugin('drainer', 'undrain', 'w2')
  assert.equal(exit, 1)
  assert.match(out, /kubectl label node w2/)
  assert.equal(await labelOf('w2'), 'mine')
  await api.kubectl('label', 'node', 'w2', `${LABEL}-`)
})

test('plugin: a viewer may not drain, and is told what is missing', async () => {
  const { exit, err } = await plugin('viewer', 'drain', 'w2')
  assert.equal(exit, 3)
  assert.match(err, /you may not patch nodes/)
})

test('plugin: the definitions in the cluster are those of this release', async () => {
  const { out } = await plugin('viewer', 'doctor', '-o', 'json')
  const { checks } = JSON.parse(out) as {
    checks: { check: string; verdict: string; saw: string }[]
  }
  const definitions = checks.filter(({ check }) => check === 'definitions')
  assert.deepEqual(
    definitions.map(({ verdict }) => verdict),
    ['ok'],
    definitions[0]?.saw,
  )
})

test('plugin: the file that is built runs alone, wherever it is put', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-plugin-'))
  try {
    await makePackage(folder)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      bin: Record<string, string>
    }
    assert.deepEqual(Object.keys(manifest.bin), [
      'kubectl-bellwether',
      'kubectl_complete-bellwether',
    ])
    // kubectl finds both in the PATH, and there is no package around them.
    const path = join(folder, 'bin')
    mkdirSync(path)
    for (const file of Object.values(manifest.bin)) renameSync(join(folder, file), join(path, file))
    rmSync(join(folder, 'package.json'))
    const env = {
      ...process.env,
      PATH: `${path}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      KUBECONFIG: users['viewer'],
      NO_COLOR: undefined,
    }
    const out = await must(['kubectl-bellwether', 'pools'], { env })
    assert.match(out, /172\.18\.0\.10 +ip-pool +default\/web/)
    assert.doesNotMatch(out, /\u001b/)
    assert.equal(await must(['kubectl_complete-bellwether', 'pools', ''], { env }), 'ip-pool\n:4\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('plugin: the package is one that npm installs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-plugin-'))
  try {
    const own = join(folder, 'package')
    await makePackage(own)
    await must(['npm', 'install', '--global', '--offline', '--prefix', folder, own])
    const out = await must([join(folder, 'bin/kubectl-bellwether'), 'pools'], {
      env: { KUBECONFIG: users['viewer'] },
    })
    assert.match(out, /172\.18\.0\.10 +ip-pool +default\/web/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
