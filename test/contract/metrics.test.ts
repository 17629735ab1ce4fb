/** Metrics over HTTPS, for those whom a real API server lets see them. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '../../src/adapters/clock.ts'
import { serveMetrics } from '../../src/adapters/metrics-server.ts'
import type { MetricsOptions } from '../../src/adapters/metrics-server.ts'
import { selfSigned } from '../../src/adapters/x509.ts'
import { textPage } from '../../src/adapters/pages.ts'
import type { Cluster, NewObject, Resource } from '../../src/ports/cluster.ts'
import { freePorts } from '../lab/free-ports.ts'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'
import { MemoryLog } from './memory-log.ts'

let api: ApiServer
/** With the rights of the controller, and no more. */
let cluster: Cluster
const log = new MemoryLog()
/** What was asked of the API server. */
let asked: string[] = []
before(async () => {
  api = await ApiServer.start()
  await api.apply(readFileSync(new URL('../../manifests/bellwether.yaml', import.meta.url), 'utf8'))
  for (const name of ['prometheus', 'stranger']) await api.kubectl('create', 'serviceaccount', name)
  const account = '--serviceaccount=default:prometheus'
  const role = '--clusterrole=metallb-system:metrics-reader'
  await api.kubectl('create', 'clusterrolebinding', 'scraper', role, account)
  cluster = api.connectAs(await token('controller', 'metallb-system'), log)
})
after(() => api.stop())

const token = async (name: string, namespace = 'default') =>
  (await api.kubectl('create', 'token', name, '-n', namespace)).trim()

const OPTIONS = { secure: true, certificateDirectory: '', tls: { minVersion: 'TLSv1.3' } } as const

async function serve(options: Partial<MetricsOptions> = {}) {
  const [port = 0] = await freePorts(1)
  asked = []
  const counting = {
    create: (resource: Resource, object: NewObject) => {
      asked.push(resource.kind)
      return cluster.create(resource, object)
    },
  }
  const deps = {
    cluster: counting,
    clock: systemClock,
    log,
    options: { ...OPTIONS, port, ...options },
  }
  const server = await serveMetrics(deps, {
    '/metrics': () => textPage(200, 'bellwether_leader 1'),
  })
  return { port, close: () => server.close() }
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly certificate: string
}

function get(port: number, bearer?: string, path = '/metrics', maxVersion?: 'TLSv1.2') {
  return new Promise<Answer>((resolve, reject) => {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
    const options = { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false }
    const tls = { agent: false, ...(maxVersion && { maxVersion }) }
    const asking = request({ ...options, ...tls }, (response) => {
      let body = ''
      const socket = response.socket as TLSSocket
      const certificate = socket.getPeerCertificate().fingerprint256
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, certificate }))
    })
    asking.on('error', reject).end()
  })
}

test('metrics: no token and a bad one are 401, one without the right 403, one with it 200', async () => {
  const { port, close } = await serve()
  try {
    const none = await get(port)
    assert.equal(none.status, 401)
    assert.deepEqual(asked, [], 'nobody is asked about nothing')
    assert.equal((await get(port, 'made.up.token')).status, 401)
    const stranger = await get(port, await token('stranger'))
    assert.equal(stranger.status, 403)
    assert.match(
      stranger.body,
      /default:stranger has no right to get \/metrics: bind the ClusterRole/,
    )
    const scraper = await get(port, await token('prometheus'))
    assert.deepEqual([scraper.status, scraper.body], [200, 'bellwether_leader 1\n'])
  } finally {
    close()
  }
})

test('metrics: the API server is asked once for a token, not at each scrape', async () => {
  const { port, close } = await serve()
  try {
    const bearer = await token('prometheus')
    for (let i = 0; i < 3; i++) assert.equal((await get(port, bearer)).status, 200)
    assert.deepEqual(asked, ['TokenReview', 'SubjectAccessReview'])
  } finally {
    close()
  }
})

test('metrics: the right to one path is not one to another, and who has none learns not what is there', async () => {
  const { port, close } = await serve()
  try {
    const bearer = await token('prometheus')
    assert.equal((await get(port, bearer, '/debug')).status, 403)
    assert.equal((await get(port, undefined, '/debug')).status, 401)
  } finally {
    close()
  }
})

test('metrics: less than TLS 1.3 is refused unless it is allowed', async () => {
  const strict = await serve()
  await assert.rejects(get(strict.port, undefined, '/metrics', 'TLSv1.2'))
  strict.close()
  const lenient = await serve({ tls: { minVersion: 'TLSv1.2' } })
  assert.equal((await get(lenient.port, undefined, '/metrics', 'TLSv1.2')).status, 401)
  lenient.close()
})

test('metrics: a certificate in a folder is used, and used anew when it changes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bellwether-cert-'))
  const write = async () => {
    const { cert, key } = await selfSigned('metrics.example.com', new Date(), 1)
    writeFileSync(join(directory, 'tls.key'), key)
    writeFileSync(join(directory, 'tls.crt'), cert)
  }
  await write()
  const { port, close } = await serve({ certificateDirectory: directory })
  try {
    const first = (await get(port)).certificate
    await write()
    await until('the new one', async () => (await get(port)).certificate !== first)
    writeFileSync(join(directory, 'tls.crt'), 'no certificate')
    await until('it to be told', () => log.events().includes('metrics-certificate-unread'))
    assert.equal((await get(port)).status, 401)
  } finally {
    close()
    rmSync(directory, { recursive: true })
  }
})

test('metrics: plain HTTP asks nobody who comes', async () => {
  const { port, close } = await serve({ secure: false })
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
      headers: { connection: 'close' },
    })
    assert.equal(response.status, 200)
    assert.equal(await response.text(), 'bellwether_leader 1\n')
  } finally {
    close()
  }
})

test('metrics: a port that is taken is told, and stops nothing else', async () => {
  const first = await serve()
  const second = await serve({ port: first.port })
  assert.ok(log.events().includes('metrics-not-served'))
  second.close()
  assert.equal((await get(first.port)).status, 401)
  first.close()
})
