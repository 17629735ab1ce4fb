/** What the dashboard's server lets in and out, asked by a plain client; its rights on a real API server. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/adapters/clock.ts'
import { openDoor } from '../../src/controller/dashboard/door.ts'
import { EventStream, LIMITS } from '../../src/controller/dashboard/stream.ts'
import { emptyBoard } from '../../src/core/report/board-state.ts'
import { IP_ADDRESS_POOLS, NODES, PODS, SECRETS, SERVICES } from '../../src/ports/resources.ts'
import { ApiServer } from '../contract/api-server.ts'
import { freePorts } from '../lab/free-ports.ts'
import { must } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { rig } from './rig.ts'
import { NAMESPACE, smallSegment } from './segment-objects.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const ask = (url: string, headers: Record<string, string> = {}) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })

/** What comes until `enough`. */
async function hear(url: string, enough: RegExp, last?: string): Promise<string> {
  const response = await ask(`${url}events`, last === undefined ? {} : { 'last-event-id': last })
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    if (enough.test(text)) break
  }
  return text
}

const idOf = (text: string): string => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? ''

test('page: another Host is turned away, other methods and paths too', async () => {
  const { url, stop } = await rig(smallSegment)
  try {
    for (const host of ['evil.example', 'localhost.evil.example:80', '127.0.0.1.evil.example']) {
      assert.equal((await ask(url, { host })).statusCode, 421, host)
      assert.equal((await ask(`${url}events`, { host })).statusCode, 421, host)
    }
    for (const host of ['localhost:8080', '127.0.0.1:1', '[::1]:8080', 'LOCALHOST']) {
      assert.equal((await ask(url, { host })).statusCode, 200, host)
    }
    assert.equal((await fetch(url, { method: 'POST' })).status, 405)
    assert.equal((await fetch(`${url}..%2f..%2fetc/passwd`)).status, 404)
    const page = await fetch(url)
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.doesNotMatch(page.headers.get('content-security-policy') ?? '', /unsafe/)
    const etag = page.headers.get('etag') ?? ''
    const again = await fetch(url, { headers: { 'if-none-match': etag } })
    assert.equal(again.status, 304)
  } finally {
    stop()
  }
})

test('page: it listens on loopback only', async () => {
  const { port, stop } = await rig(smallSegment)
  try {
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)
    // A machine without any other address cannot be reached by one.
    if (!own) return
    const refused = await new Promise<string>((resolve) => {
      const socket = connect(port, own.address, () => {
        socket.destroy()
        resolve('connected')
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
    assert.equal(refused, 'ECONNREFUSED')
  } finally {
    stop()
  }
})

test('page: what objects hold beside what is shown does not leave the controller', async () => {
  const secret = 'hunter2'
  const hiding = { annotations: { 'example.com/token': secret }, labels: { token: secret } }
  const { url, stop } = await rig(async (objects) => {
    await smallSegment(objects)
    const { cluster } = objects
    const here = { namespace: NAMESPACE, name: 'hiding' }
    await cluster.create(SECRETS, { metadata: here, data: { secretkey: secret } })
    await cluster.create(NODES, {
      metadata: { name: 'hiding', ...hiding },
      status: { images: [{ names: [secret] }] },
    })
    await cluster.create(PODS, {
      metadata: { ...here, ...hiding, labels: { component: 'speaker', token: secret } },
      spec: {
        nodeName: 'hiding',
        containers: [{ args: [`--token=${secret}`], env: [{ name: 'TOKEN', value: secret }] }],
      },
      status: { phase: 'Pending' },
    })
    await cluster.create(SERVICES, {
      metadata: { namespace: 'default', name: 'hiding', ...hiding },
      spec: { type: 'LoadBalancer', ports: [{ port: 80, name: secret }] },
      status: { loadBalancer: { ingress: [{ ip: '172.18.0.30', hostname: secret }] } },
    })
    await cluster.create(IP_ADDRESS_POOLS, {
      metadata: { ...here, ...hiding },
      spec: { addresses: ['198.51.100.0/28'] },
    })
  })
  try {
    const text = await hear(url, /"Pod\/metallb-system\/hiding"/)
    for (const shown of ['default/hiding', '172.18.0.30', '198.51.100.0']) {
      assert.ok(text.includes(shown), `${shown} is shown`)
    }
    assert.ok(!text.includes(secret), text.slice(text.indexOf(secret) - 200, text.indexOf(secret)))
  } finally {
    stop()
  }
})

test('page: who comes back gets what was missed, or everything', async () => {
  const { url, objects, stop } = await rig(smallSegment)
  try {
    const whole = await until('the state', () => hear(url, /event: state\n.*\n\n/))
    const last = idOf(whole)
    await objects.move('web-0', 'node-1', 'node-2', 'nodeGone', 812)
    const missed = await hear(url, /event: delta\n.*\n\n/, last)
    assert.doesNotMatch(missed, /event: state/)
    assert.match(missed, /"outageMs":812/)
    assert.ok(missed.length < 1500, `${missed.length} bytes for a move`)
    for (const strange of ['other-1', `${last.split('-')[0]}-999`, `${last}x`, '-', '']) {
      assert.match(await hear(url, /event: state\n.*\n\n/, strange), /event: state/, strange)
    }
  } finally {
    stop()
  }
})

test('page: clients are bounded, and one that does not read is cut off', async () => {
  const limits = { ...LIMITS, clients: 2, waitingBytes: 1 << 20 }
  const stream = new EventStream(emptyBoard(), 'run', systemClock, limits)
  const server = await openDoor({ port: 0, assets: new Map(), stream })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    const idle = await ask(`${url}events`)
    idle.on('error', () => undefined) // It is cut off.
    idle.socket.pause()
    let heard = ''
    const reader = await ask(`${url}events`)
    reader.on('data', (chunk) => (heard = `${heard}${String(chunk)}`.slice(-10_000)))
    await until('both', () => stream.clients === 2)
    assert.equal((await ask(`${url}events`)).statusCode, 503)
    // The kernel's buffers fill up, then ours.
    const say = (reason: string) => {
      const problem = { severity: 'warn', object: 'it', reason, remedy: 'none' } as const
      stream.send({ problems: { one: problem } })
    }
    const text = 'x'.repeat(100_000)
    await until(
      'it to be cut off',
      () => {
        say(text)
        return stream.cutOff === 1
      },
      { everyMs: 5 },
    )
    assert.equal(stream.clients, 1)
    say('the last')
    await until('the last for who reads', () => heard.includes('the last'))
    reader.destroy()
    await until('nobody', () => stream.clients === 0)
  } finally {
    stream.close()
    server.close()
  }
})

test("page: the image's controller serves it, with the rights of manifests/dashboard", async () => {
  const api = await ApiServer.start()
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-image-'))
  const read = (name: string) => readFileSync(join(ROOT, `manifests/${name}.yaml`), 'utf8')
  let controller: ChildProcess | undefined
  try {
    await must([process.execPath, join(ROOT, 'tools/bundle.ts'), folder])
    await api.apply(read('bellwether'))
    await api.apply(read('dashboard/dashboard'))
    for (const file of ['ip-pool', 'advertise']) {
      await api.apply(readFileSync(join(ROOT, `examples/tutorial/${file}.yaml`), 'utf8'))
    }
    await api.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'poor', namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    })
    const kubeconfig = await until('an account', () =>
      api.kubeconfigOf('controller', 'metallb-system'),
    )
    const [dashboard = 0, health = 0, metrics = 0] = await freePorts(3)
    const argv = ['--webhook-mode=disabled', `--health-probe-port=${health}`, `--port=${metrics}`]
    controller = spawn(process.execPath, [join(folder, 'controller.js'), ...argv], {
      env: {
        ...process.env,
        KUBECONFIG: kubeconfig,
        METALLB_NAMESPACE: 'metallb-system',
        BELLWETHER_DASHBOARD_PORT: String(dashboard),
      },
    })
    let log = ''
    controller.stdout?.on('data', (chunk) => (log += String(chunk)))
    const url = `http://127.0.0.1:${dashboard}/`
    await until('the page', async () => (await fetch(`${url}app.js`)).status === 200)
    // That it has no endpoints is known where they can be read, and told after a while.
    const text = await hear(url, /"Service\/default\/poor","reason":"endpoints: it has none/)
    assert.match(text, /event: state/)
    assert.doesNotMatch(text, /secretkey|tls\.key/)
    assert.match(log, /"dashboard-served"/)
    assert.doesNotMatch(log, /"api-refused"/)
  } finally {
    controller?.kill()
    await api.stop()
    rmSync(folder, { recursive: true })
  }
})
