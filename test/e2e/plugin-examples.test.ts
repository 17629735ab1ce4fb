/**
 * What `status`, `where` and `explain` say of a Service that is well and of five that are not, by the real
 * plugin: what they advise is asserted here, and UPDATE=1 writes what they print to
 * docs/plugin-examples.md.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bundlePlugin } from '../../tools/plugin.ts'
import { NAMESPACE, owner, poolYaml, statusNode } from '../lab/bellwether.ts'
import { passes, until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

const DOC = new URL('../../docs/plugin-examples.md', import.meta.url)
const vips = fixture('examples', ['172.18.10.10-172.18.10.19'])
const RIVAL = '172.18.10.19'
const OWN_POOLS = ['examples-small', 'examples-edge']

const folder = mkdtempSync(join(tmpdir(), 'plugin-'))
const binary = join(folder, 'kubectl-bellwether')

/** Each Service that is not well: what is wrong, and how its advice begins. */
const BROKEN = [
  {
    name: 'full',
    what: 'Its pool has one address, which another Service has.',
    advice: 'add addresses to spec.addresses of IPAddressPool examples-small, or ',
  },
  {
    name: 'taken',
    what: 'It asks for the address that `web` has.',
    advice: 'have Service e2e-examples/taken ask for another address than 172.18.10.10, which ',
  },
  {
    name: 'idle',
    what: 'No pod has the labels that it selects.',
    advice: 'start pods with the labels app=nobody in namespace e2e-examples, or correct ',
  },
  {
    name: 'edge',
    what: 'The only advertisement of its pool selects nodes by a label that none has.',
    advice: 'let spec.nodeSelectors of L2Advertisement examples-edge select a node ',
  },
  {
    name: 'rival',
    what: 'A host of the segment, no node of the cluster, has its address too.',
    advice: 'give the host with MAC ',
  },
] as const

let made: Promise<void> | undefined
/** Hooks of a file run at once: what needs the lab waits for the fixture's, that is, for a test. */
const ready = (): Promise<void> => (made ??= make())

async function make(): Promise<void> {
  await bundlePlugin(binary)
  await lab.apply(poolYaml('examples-small', ['172.18.10.30/32']))
  await lab.apply({
    ...poolObject('IPAddressPool', 'examples-small'),
    spec: { addresses: ['172.18.10.30/32'], autoAssign: false },
  })
  await lab.apply({
    ...poolObject('IPAddressPool', 'examples-edge'),
    spec: { addresses: ['172.18.10.40-172.18.10.49'], autoAssign: false },
  })
  await lab.apply({
    ...poolObject('L2Advertisement', 'examples-edge'),
    spec: {
      ipAddressPools: ['examples-edge'],
      nodeSelectors: [{ matchLabels: { 'example.com/edge': 'true' } }],
    },
  })
  await breakFive()
}

after(async () => {
  rmSync(folder, { recursive: true })
  await client('ip', 'addr', 'del', `${RIVAL}/32`, 'dev', 'eth0').catch(() => undefined)
  for (const name of OWN_POOLS) {
    for (const kind of ['l2advertisement', 'ipaddresspool']) {
      await lab.kubectl('-n', NAMESPACE, 'delete', kind, name, '--ignore-not-found')
    }
  }
})

const client = (...argv: string[]) => lab.exec('client', argv)

const poolObject = (kind: string, name: string) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind,
  metadata: { name, namespace: NAMESPACE },
})

async function breakFive(): Promise<void> {
  const from = (pool: string) => ({ annotations: { 'metallb.io/address-pool': pool } })
  const web = await vips.expose('web', { spec: { loadBalancerIP: '172.18.10.10' } })
  await vips.expose('small', from('examples-small'))
  await vips.createService('full', from('examples-small'))
  await vips.createService('taken', { spec: { loadBalancerIP: web } })
  await vips.expose('idle', { spec: { selector: { app: 'nobody' } } })
  await vips.expose('edge', from('examples-edge'))
  await client('ip', 'addr', 'add', `${RIVAL}/32`, 'dev', 'eth0')
  await vips.expose('rival', { spec: { loadBalancerIP: RIVAL } })
  for (const name of ['web', 'small', 'rival']) {
    await until(`the status of ${name}`, () => statusNode(lab, vips.key(name)))
  }
}

function plugin(...argv: string[]): Promise<{ readonly exit: number; readonly out: string }> {
  return new Promise((resolve, reject) => {
    const args = [binary, ...argv, '--kubeconfig', lab.kubeconfig]
    execFile(process.execPath, args, { env: {} }, (error, out, err) => {
      if (error && typeof error.code !== 'number') reject(new Error(error.message))
      else if (err !== '') reject(new Error(err))
      else resolve({ exit: typeof error?.code === 'number' ? error.code : 0, out })
    })
  })
}

const adviceIn = (text: string): string | undefined => /^Fix: (.*)$/m.exec(text)?.[1]

test('e2e/plugin-examples: a Service that is well', async () => {
  await ready()
  const key = vips.key('web')
  await passes('nothing to fix', async () => {
    const { exit, out } = await plugin('explain', key)
    assert.equal(exit, 0, out)
    assert.equal(out.trimEnd().split('\n').at(-1), 'nothing to fix')
  })
  const node = await owner(lab, '172.18.10.10')
  await passes('where it is to be told', async () => {
    const where = await plugin('where', '172.18.10.10', '-o', 'json')
    assert.equal(where.exit, 0, where.out)
    const { addresses } = JSON.parse(where.out) as {
      addresses: { node: string; services: string[]; segment: string; next: string }[]
    }
    assert.equal(addresses[0]?.node, node)
    assert.deepEqual(addresses[0].services, [key])
    assert.equal(addresses[0].segment, 'alone')
    assert.ok(lab.nodes.includes(addresses[0].next) && addresses[0].next !== node)
  })
})

for (const { name, advice } of BROKEN) {
  test(`e2e/plugin-examples: ${name} is told what to fix`, async () => {
    await ready()
    const said = await until(`the advice for ${name}`, async () => {
      const { exit, out } = await plugin('explain', vips.key(name))
      const its = adviceIn(out)
      return exit === 1 && its?.startsWith(advice) && its
    })
    if (name === 'rival') assert.ok(said.includes(await lab.hostMac('client')), said)
    await passes('the status to say the same', async () => {
      const { exit, out } = await plugin('status')
      assert.equal(exit, 1)
      assert.ok(out.includes(`fix: ${said}`), `status does not say "${said}":\n${out}`)
    })
  })
}

test('e2e/plugin-examples: docs/plugin-examples.md is what they say', async () => {
  await ready()
  if (process.env['UPDATE'] === '1') return writeFileSync(DOC, await written())
  const said = gist(readFileSync(DOC, 'utf8'))
  await passes('the document to be what they say; UPDATE=1 writes it anew', async () =>
    assert.deepEqual(said, gist(await written())),
  )
})

async function written(): Promise<string> {
  const run = async (...argv: string[]) => {
    const { out } = await plugin(...argv)
    return `\`\`\`console\n$ kubectl bellwether ${argv.join(' ')}\n${out}\`\`\`\n`
  }
  const of = async (title: string, what: string, name: string) =>
    [
      `## ${title}\n`,
      `${what}\n`,
      await run('where', vips.key(name)),
      await run('explain', vips.key(name)),
    ].join('\n')
  const parts = [
    '# Examples of kubectl bellwether\n',
    'Printed by a run of test/e2e/plugin-examples.test.ts on the lab: three nodes, one Service that is well and',
    'five that are not. `UPDATE=1 node test/run.ts test/e2e/plugin-examples.test.ts` writes this file anew.\n',
    '## All at one look\n',
    await run('status'),
    await of('A Service that is well', 'It has its address, and one node announces it.', 'web'),
  ]
  for (const { name, what } of BROKEN) parts.push(await of(`Broken: ${name}`, what, name))
  return `${parts.join('\n').trimEnd()}\n`
}

/**
 * What of it does not change from one run to another: commands, steps, verdicts. Of `status` nothing, which
 * tells of other tests' Services too.
 */
const gist = (doc: string): string[] =>
  doc
    .replace(/^\$ kubectl bellwether status$[^]*?^```$/m, '')
    .split('\n')
    .flatMap((line) => {
      if (/^(#|\$ )/.test(line)) return [line]
      const verdict = /^(ok|warn|BROKEN|\?) +(\S+)/.exec(line)
      return verdict ? [`${verdict[1] ?? ''} ${verdict[2] ?? ''}`] : []
    })
