/** Strangers at the door: who dribbles, who comes in crowds, who sends without end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Serve } from '../ports/gossip-sockets.ts'
import { until } from '../../test/lab/until.ts'
import { openStreams } from './tcp.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Listens, and gives what connects to it from a loopback address. */
async function listen(t: TestContext, timeoutMs: number, serve: Serve) {
  const port = await freePort()
  const streams = await openStreams('127.0.0.1', port, timeoutMs, serve)
  const sockets: Socket[] = []
  t.after(() => {
    streams.close()
    for (const socket of sockets) socket.destroy()
  })
  return async (localAddress: string): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, localAddress })
    socket.on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }
}

test('adapters/tcp: one that sends a byte now and then is let go when the time is over', async (t) => {
  const dial = await listen(t, 300, () => () => 'more')
  const socket = await dial('127.0.0.1')
  const started = performance.now()
  const dribble = setInterval(() => socket.write('x'), 50)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(dribble)
  const took = performance.now() - started
  assert.ok(took >= 250 && took < 5000, `after ${took} ms`)
})

test('adapters/tcp: a crowd from one address does not keep another out', async (t) => {
  const answer = Uint8Array.of(42)
  const dial = await listen(t, 10_000, () => (received) => (received[0] === 1 ? answer : 'more'))
  const crowd = await Promise.all(Array.from({ length: 40 }, () => dial('127.0.0.2')))
  // All but sixteen are shown out at once.
  await until('24 to be shown out', () => crowd.filter(({ destroyed }) => destroyed).length === 24)
  const guest = await dial('127.0.0.3')
  guest.write(Uint8Array.of(1))
  const [reply] = (await once(guest, 'data')) as [Buffer]
  assert.equal(reply[0], 42)
})

test('adapters/tcp: bytes in small pieces are handed on whole, and once they are understood no more', async (t) => {
  const seen: number[] = []
  const dial = await listen(t, 10_000, () => (received) => {
    assert.ok(received.every((byte, i) => byte === i % 251))
    seen.push(received.length)
    return received.length >= 100_000 ? Uint8Array.of(1) : 'more'
  })
  const socket = await dial('127.0.0.1')
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
  for (let at = 0; at < bytes.length; at += 7919) socket.write(bytes.subarray(at, at + 7919))
  await once(socket, 'data')
  assert.equal(seen.at(-1), 100_000)
})

test('adapters/tcp: more than a request can be is refused', async (t) => {
  const dial = await listen(t, 30_000, () => () => 'more')
  const socket = await dial('127.0.0.1')
  const piece = new Uint8Array(2 ** 20)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (let i = 0; i < 24 && !socket.destroyed; i++) {
    if (!socket.write(piece))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  await closed
  assert.ok(socket.bytesWritten > 20 * 2 ** 20)
})
