/** The tutorial's steps, word for word: examples/tutorial applied with kubectl. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import {
  answerers,
  events,
  externalIp,
  externalIps,
  heard,
  owner,
  settled,
  statusNode,
} from '../lab/bellwether.ts'
import { passes, until } from '../lab/until.ts'
import { blocks } from '../docs/pages.ts'
import { install, lab } from './harness.ts'

const FILES = ['ip-pool.yaml', 'advertise.yaml', 'test-lb.yaml', 'test-lb2.yaml']
const read = (file: string) =>
  readFileSync(new URL(`../../examples/tutorial/${file}`, import.meta.url), 'utf8')

before(async () => {
  await lab.up()
  await install()
  for (const file of FILES) await lab.apply(read(file))
  await lab.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=240s')
  await settled(lab)
})

after(async () => {
  await lab.kubectl('delete', 'service', 'nginx', 'nginx2', '--ignore-not-found')
  await lab.kubectl('delete', 'deployment', 'nginx', '--ignore-not-found')
  await lab.kubectl('-n', 'metallb-system', 'delete', 'ipaddresspool,l2advertisement', '--all')
})

test('e2e/tutorial: the first Service gets the first address of the pool', async () => {
  assert.equal(await externalIp(lab, 'nginx'), '172.18.0.10')
})

test('e2e/tutorial: a Service gets the address that it asks for by loadBalancerIP', async () => {
  assert.equal(await externalIp(lab, 'nginx2'), '172.18.0.20')
})

for (const ip of ['172.18.0.10', '172.18.0.20']) {
  test(`e2e/tutorial: the client reaches nginx at ${ip}`, async () => {
    const page = await until(`http://${ip} to answer`, async () => {
      const { code, stdout } = await lab.exec('client', ['curl', '-sS', '-m', '2', `http://${ip}/`])
      return code === 0 && stdout
    })
    assert.match(page, /Welcome to nginx!/)
  })

  test(`e2e/tutorial: exactly one node answers ARP for ${ip}`, async () => {
    const host = await owner(lab, ip)
    assert.deepEqual(await heard(lab, ip, 5), [host])
  })
}

test('e2e/tutorial: an address of the pool that nobody has is not answered', async () => {
  assert.deepEqual(await answerers(lab, '172.18.0.29'), [])
})

test('e2e/tutorial: ServiceL2Status names the node that answers', async () => {
  const host = await owner(lab, '172.18.0.10')
  await until('the status to name it', async () => (await statusNode(lab, 'nginx')) === host)
})

test('e2e/tutorial: events tell of the address and of the node', async () => {
  const host = await owner(lab, '172.18.0.10')
  const assigned = `Normal nodeAssigned: announcing from node "${host}" with protocol "layer2"`
  await passes('both events', async () => {
    const told = (await events(lab, 'Service', 'nginx')).join('\n')
    assert.match(told, /^Normal IPAllocated: .*172\.18\.0\.10/m)
    assert.ok(told.includes(assigned), told)
  })
})

test('e2e/tutorial: the pool tells how many addresses are used and free', async () => {
  await until('the pool to count 2 of 21', async () => {
    const path = 'jsonpath={.status.assignedIPv4}/{.status.availableIPv4}'
    const counts = await lab.kubectl(
      '-n',
      'metallb-system',
      'get',
      'ipaddresspool',
      'ip-pool',
      '-o',
      path,
    )
    return counts === '2/19'
  })
})

test('e2e/tutorial: an address comes back when its Service is deleted', async () => {
  await lab.kubectl('delete', 'service', 'nginx')
  await until(
    'silence at 172.18.0.10',
    async () => (await answerers(lab, '172.18.0.10')).length === 0,
  )
  await lab.apply(read('test-lb.yaml'))
  assert.equal(await externalIp(lab, 'nginx'), '172.18.0.10')
})

test('e2e/tutorial: a Service that is no longer a LoadBalancer loses its address', async () => {
  await lab.kubectl(
    'patch',
    'service',
    'nginx2',
    '-p',
    '{"spec":{"type":"ClusterIP","loadBalancerIP":null}}',
  )
  await until('the address to be gone', async () => (await externalIps(lab, 'nginx2')).length === 0)
  await until('silence', async () => (await answerers(lab, '172.18.0.20')).length === 0)
})

/** Commands of the documents that are plain enough (test/docs/commands.test.ts). */
async function runCommand(command: string): Promise<void> {
  const [program = '', ...words] = command.split(/\s+/)
  if (program === 'kubectl') await lab.kubectl(...words)
  else {
    await until(`the client's ${command}`, async () => {
      const { code } = await lab.exec('client', [program, '-sS', '-m', '2', ...words])
      return code === 0
    })
  }
}

test('e2e/tutorial: the commands of the tutorial, and all others of the documents, work', async () => {
  const all = blocks().filter(({ notRun }) => notRun === undefined)
  const commands = (of: (page: string) => boolean) =>
    all.filter(({ page }) => of(page)).flatMap((it) => it.commands)
  const tutorial = commands((page) => page === 'docs/tutorial.md')
  const others = new Set(commands((page) => !page.endsWith('tutorial.md')))
  assert.ok(tutorial.length > 10 && others.size > 10)
  const isCleanup = (command: string) => command.startsWith('kubectl delete ')
  for (const command of tutorial.filter((it) => !isCleanup(it))) await runCommand(command)
  assert.equal(await externalIp(lab, 'nginx2'), '172.18.0.20')
  for (const command of others) await runCommand(command)
  for (const command of tutorial.filter(isCleanup)) await runCommand(command)
})

test('e2e/tutorial: the image has Node, its SBOM and licences, and no shell', async () => {
  const inPod = (...command: string[]) =>
    lab.kubectl('-n', 'metallb-system', 'exec', 'deploy/controller', '--', ...command)
  const script = "for (const it of ['sbom.json', 'THIRD-PARTY-LICENCES']) fs.statSync('/app/' + it)"
  await inPod('node', '-e', script)
  for (const shell of ['sh', '/bin/sh', 'bash', 'apt-get']) {
    await assert.rejects(inPod(shell), /executable file not found|no such file or directory/)
  }
})
