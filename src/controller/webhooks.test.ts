/** The webhooks on a socket: what comes by HTTPS, and certificates from files. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { until } from '../../test/lab/until.ts'
import { WarmCache } from '../adapters/warm-cache.ts'
import { issueServer, newAuthority } from '../adapters/x509.ts'
import { Owner } from './owner.ts'
import { startWebhooks } from './webhooks.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellwether-certs-'))
after(() => rmSync(folder, { recursive: true }))

const authority = await newAuthority('ca', new Date(), 10)
async function putCertificate() {
  const { cert, key } = await issueServer(authority, ['localhost'], new Date(), 1)
  writeFileSync(join(folder, 'tls.key'), key)
  writeFileSync(join(folder, 'tls.crt'), cert)
}

function start() {
  const log = new MemoryLog()
  const stop = new AbortController()
  const options = {
    namespace: 'metallb-system',
    webhookPort: 0,
    webhookHttp2: false,
    certRotation: false,
    certDirectory: folder,
    certServiceName: '',
    webhookSecret: '',
  }
  const cluster = new FakeCluster()
  const cache = new WarmCache(cluster, stop.signal)
  const owner = new Owner(cluster, log, options.namespace, '')
  const deps = { cluster, cache, clock: new FakeClock(), log, owner, options }
  return { log, webhooks: startWebhooks(deps, stop.signal), stop: () => stop.abort() }
}

/** One question on a connection of its own; `serial` is the certificate's. */
async function ask(port: number | undefined, path: string, body: string, method = 'POST') {
  const call = request({
    ...{ host: 'localhost', port, path, method, ca: authority.cert, agent: false },
    servername: 'localhost',
  })
  call.end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate()
  const answer = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
  return { status: response.statusCode, answer, serial: serialNumber }
}

test('webhooks: before there is a certificate they are not ready, and say what is missing', async () => {
  const it = start()
  assert.deepEqual(it.webhooks.notReady().slice(-1), ['webhooks not served yet'])
  assert.match(JSON.stringify(it.log.lines), /certificates-not-read.*tls.crt/)
  await putCertificate()
  await until('them to be ready', () => it.webhooks.notReady().length === 0)
  it.stop()
})

test('webhooks: a question is answered, what is none is refused with what was expected', async () => {
  await putCertificate()
  const it = start()
  await until('them to be ready', () => it.webhooks.notReady().length === 0)
  const port = it.webhooks.port()
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', operation: 'CREATE', namespace: 'default', object: {}, oldObject: null },
  }
  const path = '/validate-metallb-io-v1beta1-ipaddresspool'
  const { status, answer } = await ask(port, path, JSON.stringify(review))
  assert.equal(status, 200)
  assert.match(JSON.stringify(answer), /resource must be created in metallb-system namespace/)
  for (const [path, body, method, expected] of [
    ['/elsewhere', JSON.stringify(review), 'POST', 400],
    [path_('community'), '{}', 'POST', 400],
    [path_('community'), 'no json', 'POST', 400],
    ['/convert', '{}', 'POST', 400],
    [path_('community'), '', 'GET', 405],
  ] as const) {
    const refused = await ask(port, path, body, method)
    assert.equal(refused.status, expected, `${method} ${path}`)
    assert.equal(typeof refused.answer['message'], 'string')
  }
  it.stop()
})

const path_ = (kind: string) => `/validate-metallb-io-v1beta1-${kind}`

test('webhooks: a certificate that changes on disk is shown from then on', async () => {
  await putCertificate()
  const it = start()
  await until('them to be ready', () => it.webhooks.notReady().length === 0)
  const before = await ask(it.webhooks.port(), '/convert', '{}')
  await putCertificate()
  await until('the new one', async () => {
    const { serial } = await ask(it.webhooks.port(), '/convert', '{}')
    return serial !== before.serial
  })
  it.stop()
})
