/** What the dashboard's server lets in and out, asked by a plain client; its rights on a real API server. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { LIMITS } from '../../src/controller/dashboard/stream.ts'
import { ApiServer } from '../contract/api-server.ts'
import { MemoryLog } from '../contract/memory-log.ts'
import { FakeCluster } from '../fakes/cluster.ts'
import { until } from '../lab/until.ts'
import { rig, serve } from './rig.ts'
import { SegmentObjects, smallSegment } from './segment-objects.ts'

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
  const objects = new SegmentObjects(new FakeCluster())
  await smallSegment(objects)
  const limits = { ...LIMITS, clients: 2, waitingBytes: 1000 }
  const { url, stop } = await serve(objects.cluster, limits)
  try {
    const first = await ask(`${url}events`)
    const second = await ask(`${url}events`)
    assert.equal((await ask(`${url}events`)).statusCode, 503)
    second.destroy()
    await until('a place to be free', async () => {
      const third = await ask(`${url}events`)
      third.destroy()
      return third.statusCode === 200
    })
    // `first` reads nothing: the kernel's buffers fill up, then ours.
    let cut = false
    first.socket.on('close', () => (cut = true))
    first.socket.pause()
    for (let i = 0; !cut && i < 400; i++) {
      await objects.service(`big-${i}-${'x'.repeat(40_000)}`, undefined, 'p')
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (i % 20 === 19) {
        await new Promise((resolve) => setTimeout(resolve, 120))
        const status = (await ask(`${url}events`).then((it) => (it.destroy(), it))).statusCode
        cut ||= status === 200 && (await free(url))
      }
    }
    assert.ok(cut)
  } finally {
    stop()
  }
})

/** Two places are free: the one that does not read has lost its own. */
async function free(url: string): Promise<boolean> {
  const both = await Promise.all([ask(`${url}events`), ask(`${url}events`)])
  for (const it of both) it.destroy()
  return both.every(({ statusCode }) => statusCode === 200)
}

test("page: with the controller's account and manifests/dashboard.yaml all can be seen, events too", async () => {
  const api = await ApiServer.start()
  const read = (name: string) =>
    readFileSync(new URL(`../../manifests/${name}.yaml`, import.meta.url), 'utf8')
  try {
    await api.apply(read('bellwether'))
    await api.apply(read('dashboard'))
    const account = ['create', 'token', 'controller', '-n', 'metallb-system']
    const token = await until('a token', () => api.kubectl(...account))
    await api.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'poor', namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    })
    await api.apply({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'poor.1', namespace: 'default' },
      type: 'Warning',
      reason: 'AllocationFailed',
      message: 'no pool is left',
      involvedObject: { kind: 'Service', namespace: 'default', name: 'poor' },
      lastTimestamp: new Date().toISOString(),
    })
    const log = new MemoryLog()
    const { url, stop } = await serve(api.connectAs(token.trim(), log))
    try {
      const text = await hear(url, /Service default\/poor","text":"no pool is left"/)
      assert.doesNotMatch(text, /secret/i)
      assert.deepEqual(log.events(), [])
    } finally {
      stop()
    }
  } finally {
    await api.stop()
  }
})
