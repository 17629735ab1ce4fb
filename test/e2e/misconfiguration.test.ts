/**
 * What people get wrong on a segment: each has an event, on the pod of a speaker that sees it or on the
 * Service that it is about, with the remedy, and another when it is put right. That takes a while, so what
 * is not in each other's way is done at once. In namespaces on a cable: test/netns/{diagnosis,packet-rivals}.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { keysOf } from '../../src/core/wire/memberlist/keyring.ts'
import { NAMESPACE, events, owner, pods, ready } from '../lab/bellwether.ts'
import { until } from '../lab/until.ts'
import { debugView, fixture, getJson, lab } from './harness.ts'

const vips = fixture('misconfiguration', ['172.18.8.10/32'], 1)
const TAKEN = '172.18.8.10'
/** Its speaker is left alone. */
const QUIET = 'w1'
/** Its speaker is made anew. */
const RESTARTED = 'w3'

const CONFIG_MAP = 'metallb-memberlist-config'
/** memberlist's defaults for a LAN: every duration must be given. */
const CONFIG = {
  TCPTimeout: '10s',
  SuspicionMult: 4,
  ProbeInterval: '1s',
  ProbeTimeout: '500ms',
  GossipInterval: '200ms',
  GossipToTheDeadTime: '30s',
  PushPullInterval: '30s',
  RetransmitMult: 4,
  QueueCheckInterval: '30s',
}

after(async () => {
  await client('ip', 'addr', 'del', `${TAKEN}/32`, 'dev', 'eth0')
  await Promise.all(lab.nodes.map((node) => drop(node)))
  await lab.kubectl('-n', NAMESPACE, 'delete', 'configmap', CONFIG_MAP, '--ignore-not-found')
  // The one that has read it.
  const where = ['-l', 'component=speaker', '--field-selector', `spec.nodeName=${RESTARTED}`]
  await lab.kubectl('-n', NAMESPACE, 'delete', 'pod', ...where)
  await ready(lab)
})

const client = (...argv: string[]) => lab.exec('client', argv)

/** The node's kernel drops what comes in and matches; nothing when nothing is named. */
async function drop(node: string, ...matches: string[]): Promise<void> {
  const rules = matches.map((match) => `${match} drop`).join('\n')
  const made = `table inet fault {
    chain in {
      type filter hook input priority -300
      ${rules}
    }
  }`
  // Made first, so that it can be deleted whether it was there or not.
  const input = ['table inet fault', 'delete table inet fault', ...(rules ? [made] : [])].join('\n')
  const { code, stderr } = await lab.exec(node, ['nft', '-f', '-'], { input })
  assert.equal(code, 0, stderr)
}

async function podOf(node: string): Promise<string> {
  return `${NAMESPACE}/${(await pods(lab, 'speaker')).get(node) ?? ''}`
}

interface Told {
  readonly by: string
  readonly line: string
}

/** An event that begins so is on the pod, or on one of them; waited for. */
const told = (pod: string | string[], beginning: string): Promise<Told> =>
  toldOn('Pod', pod, beginning)

const toldOn = (kind: string, object: string | string[], beginning: string): Promise<Told> =>
  until(
    `${String(object)} to have the event "${beginning}…"`,
    async () => {
      for (const by of [object].flat()) {
        const line = (await events(lab, kind, by)).find((it) => it.startsWith(beginning))
        if (line !== undefined) return { by, line }
      }
      return false
    },
    { timeoutMs: 180_000, everyMs: 500 },
  )

interface L2Status {
  readonly status?: {
    readonly serviceName?: string
    readonly conditions?: readonly { readonly type: string; readonly message: string }[]
  }
}

/** What the ServiceL2Status of the Service says of conflicts. */
async function conflicts(name: string): Promise<string[]> {
  const get = ['-n', NAMESPACE, 'get', 'servicel2status']
  const { items } = await getJson<{ items: readonly L2Status[] }>(...get)
  const statuses = items.filter(({ status }) => status?.serviceName === name)
  const conditions = statuses.flatMap(({ status }) => status?.conditions ?? [])
  return conditions.filter(({ type }) => type === 'AddressConflict').map(({ message }) => message)
}

async function secretKey(): Promise<Uint8Array | undefined> {
  const get = ['get', 'secret', 'memberlist', '-o', 'jsonpath={.data.secretkey}']
  const secretkey = Buffer.from(await lab.kubectl('-n', NAMESPACE, ...get), 'base64')
  return keysOf(new Map([['secretkey', secretkey]]))[0]
}

describe('e2e/misconfiguration', { concurrency: true }, () => {
  test('e2e/misconfiguration: a stranger has the address of a Service', async () => {
    // Announced by that node alone: so it stays with the one that has told of it.
    const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': QUIET } }]
    const patch = ['--type=merge', '-p', JSON.stringify({ spec: { nodeSelectors } })]
    await lab.kubectl('-n', NAMESPACE, 'patch', 'l2advertisement', vips.namespace, ...patch)
    await client('ip', 'addr', 'add', `${TAKEN}/32`, 'dev', 'eth0')
    const mac = await lab.hostMac('client')
    assert.equal(await vips.expose('taken'), TAKEN)
    const service = vips.key('taken')
    const { line } = await toldOn('Service', service, 'Warning AddressConflict: ')
    assert.ok(line.includes(mac), line)
    const isTold = (texts: string[]) => texts.some((text) => text.includes(mac))
    await until('the condition', async () => isTold(await conflicts('taken')))
    await client('ip', 'addr', 'del', `${TAKEN}/32`, 'dev', 'eth0')
    // By default it is announced all the same.
    assert.equal(await owner(lab, TAKEN), QUIET)
    await toldOn('Service', service, 'Normal AddressConflictResolved: ')
    await until('no condition', async () => (await conflicts('taken')).length === 0)
  })

  test('e2e/misconfiguration: two addresses claim the name of one node', async () => {
    const teller = await podOf('w2')
    const key = Buffer.from((await secretKey()) ?? []).toString('hex')
    // Not where the other stranger is, who would be taken for a speaker.
    const { stdout } = await lab.exec('cp', 'ip -4 -br addr show eth0')
    const bind = /([\d.]+)\//.exec(stdout)?.[1] ?? ''
    const { stdout: peer } = await lab.exec('w2', 'ip -4 -br addr show eth0')
    const program = new URL('../netns/diagnosis-host.ts', import.meta.url).pathname
    const flags = [`--name=w1`, `--bind=${bind}`, `--key=${key}`]
    const at = `--peer=${/([\d.]+)\//.exec(peer)?.[1] ?? ''}`
    const stranger = lab.spawn('cp', [process.execPath, program, ...flags, at])
    await told(teller, 'Warning GossipNameConflict: two addresses claim one node name: w1: ')
    await stranger.stop('SIGKILL')
    await told(teller, 'Normal GossipNameConflictResolved: ')
  })

  describe('e2e/misconfiguration: gossip', { concurrency: false }, () => {
    describe('e2e/misconfiguration: datagrams', { concurrency: true }, () => {
      test('e2e/misconfiguration: port 7946 of a node is blocked', async () => {
        const teller = await podOf('w1')
        await drop('w3', 'tcp dport 7946', 'udp dport 7946')
        // For a minute it may be a node that died, and of those the API tells.
        await told(teller, 'Warning GossipPortBlocked: no TCP connection to port 7946 of w3 (')
        await drop('w3')
        await told(teller, 'Normal GossipPortBlockedResolved: ')
      })

      test('e2e/misconfiguration: large datagrams do not come through to a node', async () => {
        const teller = await podOf('w1')
        await drop('w2', 'udp dport 7946 meta length > 1000')
        await told(teller, 'Warning GossipMtuTooSmall: datagrams of 1400 bytes get lost')
        await drop('w2')
        await told(teller, 'Normal GossipMtuTooSmallResolved: ')
      })
    })

    // After those: it ends a speaker.
    test(
      'e2e/misconfiguration: the secret is missing, then another one; memberlist has a config file',
      anotherSecret,
    )
  })
})

async function anotherSecret(): Promise<void> {
  const tellers = [await podOf('w1'), await podOf('w2')]
  const gone = await podOf(RESTARTED)
  const before = await secretKey()
  await lab.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: NAMESPACE, name: CONFIG_MAP },
    data: { 'config.json': JSON.stringify(CONFIG) },
  })
  await lab.kubectl('-n', NAMESPACE, 'delete', 'secret', 'memberlist')
  await lab.kubectl('-n', NAMESPACE, 'delete', 'pod', gone.split('/')[1] ?? '')
  const fresh = await until(`another pod on ${RESTARTED}`, async () => {
    const name = await podOf(RESTARTED)
    return name !== gone && name
  })
  // Nothing of ours runs there yet: it is kubelet that says so.
  await until('kubelet to name what is missing', async () => {
    const all = await events(lab, 'Pod', fresh)
    return all.some((line) => line.includes('secret "memberlist" not found'))
  })
  // The controller makes it when it starts.
  await lab.kubectl('-n', NAMESPACE, 'rollout', 'restart', 'deployment/controller')
  await ready(lab)
  assert.notDeepEqual(await secretKey(), before)
  // Those that run follow the secret as soon as kubelet brings it.
  await until(
    'all to be members by the other secret',
    async () => {
      const { gossip } = await debugView(RESTARTED)
      return gossip?.members.length === 3 && gossip.members.every(({ state }) => state === 'alive')
    },
    { timeoutMs: 180_000, everyMs: 500 },
  )
  // Whom kubelet brought it first could not read the others, and may have waited long enough to tell.
  for (const pod of [...tellers, fresh]) {
    const all = await events(lab, 'Pod', pod)
    const isTold = all.some((line) => line.startsWith('Warning GossipSecretMismatch: '))
    if (isTold) await told(pod, 'Normal GossipSecretMismatchResolved: ')
  }
  const started = await lab.kubectl('-n', NAMESPACE, 'logs', fresh.split('/')[1] ?? '')
  assert.match(started, /"profile":"file"/)
}
