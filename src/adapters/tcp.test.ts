/** Strangers at the door: who dribbles, who comes in crowds, who sends without end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ConnectionDrop } from '../core/gossip/counters.ts'
import type { Serve } from '../ports/gossip-sockets.ts'
import { freePorts } from '../../test/lab/free-ports.ts'
import { until } from '../../test/lab/until.ts'
import { openStreams } from './tcp.ts'

/** Listens, and gives what connects to it from a loopback address. `drops`: hears why any was closed. */
async function listen(
  t: TestContext,
  timeoutMs: number,
  serve: Serve,
  drops: ConnectionDrop[] = [],
) {
  const [port = 0] = await freePorts(1)
  const drop = (reason: ConnectionDrop) => void drops.push(reason)
  const streams = await openStreams('127.0.0.1', port, timeoutMs, serve, drop)
  const sockets: Socket[] = []
  t.after(() => {
    streams.close()
    for (const socket of sockets) socket.destroy()
  })
  return async (localAddress: string, allowHalfOpen = false): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen })
    socket.on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }
}

test('adapters/tcp: one that sends a byte now and then is let go when the time is over', async (t) => {
  const drops: ConnectionDrop[] = []
  const dial = await listen(t, 300, () => () => 'more', drops)
  const socket = await dial('127.0.0.1')
  const started = performance.now()
  const dribble = setInterval(() => socket.write('x'), 50)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(dribble)
  const took = performance.now() - started
  assert.ok(took >= 250 && took < 5000, `after ${took} ms`)
  assert.deepEqual(drops, ['requestTooSlow'])
})

test('adapters/tcp: who was answered and stays is let go without a word', async (t) => {
  const drops: ConnectionDrop[] = []
  const dial = await listen(t, 300, () => () => Uint8Array.of(42), drops)
  const socket = await dial('127.0.0.1', true)
  socket.resume()
  // A reset says that it was let go.
  const said = () => (socket.destroyed ? true : void socket.write(Uint8Array.of(1)))
  await until('it to be let go', said, { everyMs: 20 })
  assert.deepEqual(drops, [])
})

test('adapters/tcp: a crowd from one address does not keep another out', async (t) => {
  const answer = Uint8Array.of(42)
  const drops: ConnectionDrop[] = []
  const serve = (received: Uint8Array) => (received[0] === 1 ? answer : 'more')
  const dial = await listen(t, 10_000, () => serve, drops)
  const crowd = await Promise.all(Array.from({ length: 40 }, () => dial('127.0.0.2')))
  // All but sixteen are shown out at once.
  await until('24 to be shown out', () => crowd.filter(({ destroyed }) => destroyed).length === 24)
  assert.deepEqual([...new Set(drops)], ['tooManyConnections'])
  assert.equal(drops.length, 24)
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

test('adapters/tcp: of crowds from many addresses so many are served as there is room for', async (t) => {
  const drops: ConnectionDrop[] = []
  const dial = await listen(t, 10_000, () => () => 'more', drops)
  for (let host = 2; host < 11; host++) {
    await Promise.all(Array.from({ length: 16 }, () => dial(`127.0.0.${host}`)))
  }
  await until('16 to be shown out', () => drops.length >= 16, { everyMs: 10 })
  assert.deepEqual([...new Set(drops)], ['tooManyConnections'])
  assert.equal(drops.length, 16)
})

test('adapters/tcp: what is kept for several together has a bound', async (t) => {
  const drops: ConnectionDrop[] = []
  const dial = await listen(t, 30_000, () => () => 'more', drops)
  const piece = new Uint8Array(2 ** 20)
  // Nineteen of twenty megabytes each: room for two of them.
  for (let i = 0; i < 4; i++) {
    const socket = await dial('127.0.0.1')
    for (let sent = 0; sent < 19 && !socket.destroyed; sent++) socket.write(piece)
  }
  await until('two to be refused', () => drops.length >= 2, { everyMs: 10 })
  assert.deepEqual(drops, ['tooManyBytes', 'tooManyBytes'])
})

test('adapters/tcp: who sends as fast as it can leaves the others their turn', async (t) => {
  let [greedy, turns] = [0, 0]
  const dial = await listen(t, 30_000, (from) => () => {
    if (from.ip[3] === 2) greedy++
    return 'more'
  })
  const sockets = await Promise.all([1, 2, 3, 4].map(() => dial('127.0.0.2')))
  for (const socket of sockets) socket.write(new Uint8Array(8 * 2 ** 20))
  await new Promise<void>((resolve) => {
    const look = () => {
      turns++
      if (greedy >= 200) resolve()
      else setImmediate(look)
    }
    setImmediate(look)
  })
  // A piece in each turn of the loop, and what had been read before the first.
  assert.ok(turns >= 150, `200 pieces in ${turns} turns`)
})

test('adapters/tcp: more than a request can be is refused', async (t) => {
  const drops: ConnectionDrop[] = []
  const dial = await listen(t, 30_000, () => () => 'more', drops)
  const socket = await dial('127.0.0.1')
  const piece = new Uint8Array(2 ** 20)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (let i = 0; i < 24 && !socket.destroyed; i++) {
    if (!socket.write(piece))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  await closed
  assert.ok(socket.bytesWritten > 20 * 2 ** 20)
  assert.deepEqual(drops, ['tooManyBytes'])
})
