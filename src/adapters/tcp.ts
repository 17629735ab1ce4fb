/** Streams of gossip, by node:net: one request and one reply a connection. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Serve, Streams } from '../ports/gossip-sockets.ts'
import { addressFrom, hostOf } from './address.ts'

/** Requests served at once; memberlist's bound on push/pulls. */
const MOST_CONNECTIONS = 128
/** Of them from one address: a stranger alone cannot keep members out. */
const MOST_FROM_ONE = 16
const LONGEST = 20 * 1024 * 1024 + 1024
/** Bytes received and not yet understood, of all requests together. */
const MOST_HELD = 4 * LONGEST

/** Rejects if the address cannot be bound. */
export async function openStreams(
  bindAddress: string,
  port: number,
  timeoutMs: number,
  serve: Serve,
): Promise<Streams> {
  const open = new Set<Socket>()
  const track = (socket: Socket) => {
    open.add(socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy()))
  }
  const asking = new Set<Socket>()
  const held = { bytes: 0 }
  const server = createServer((socket) => {
    track(socket)
    const from = addressFrom(socket.remoteAddress ?? '', socket.remotePort ?? 0)
    const alike = [...asking].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress)
    if (!from || alike.length >= MOST_FROM_ONE) return void socket.destroy()
    asking.add(socket.on('close', () => asking.delete(socket)))
    // Of the whole request, as in memberlist: who sends a byte now and then does not hold it open.
    const timer = setTimeout(() => socket.destroy(), timeoutMs)
    socket.on('close', () => clearTimeout(timer))
    const take = serve(from)
    collect(socket, held, (received) => {
      const answer = take(received)
      if (answer === 'more') return false
      if (answer === 'close') socket.destroy()
      else socket.end(answer)
      return true
    })
  })
  server.maxConnections = MOST_CONNECTIONS
  server.listen(port, bindAddress)
  await once(server, 'listening')
  return {
    exchange(to, request, limitMs, read) {
      const host = hostOf(to)
      if (host === undefined || to.port === 0) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        const socket = connect({ host, port: to.port })
        track(socket)
        // Of the whole exchange: a peer that dribbles does not hold it open.
        const timer = setTimeout(() => socket.destroy(), limitMs)
        socket.on('connect', () => socket.write(request))
        socket.on('close', () => {
          clearTimeout(timer)
          resolve(undefined)
        })
        collect(socket, { bytes: 0 }, (received) => {
          const answer = read(received)
          if (answer === 'more') return false
          resolve(answer)
          socket.destroy()
          return true
        })
      })
    },
    knock(to, limitMs) {
      const host = hostOf(to)
      if (host === undefined || to.port === 0) return Promise.resolve(false)
      return new Promise((resolve) => {
        const socket = connect({ host, port: to.port })
        open.add(socket)
        const done = (answered: boolean) => {
          clearTimeout(timer)
          resolve(answered)
          socket.destroy()
        }
        const timer = setTimeout(() => done(false), limitMs)
        // Ended in order (FIN): memberlist's in Go warns of a connection that is reset.
        socket.on('connect', () => done(true))
        // All other errors, such as EHOSTUNREACH, are the word of this node's own kernel or a router's.
        socket.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'))
        socket.on('close', () => {
          open.delete(socket)
          done(false)
        })
      })
    },
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

/**
 * Hands all bytes so far to `take` after each chunk, until it answers true or they are too many.
 * `held`: what is held for several streams together.
 */
function collect(
  socket: Socket,
  held: { bytes: number },
  take: (received: Uint8Array) => boolean,
): void {
  let bytes = Buffer.alloc(0)
  let length = 0
  const release = () => {
    held.bytes -= length
    length = 0
    bytes = Buffer.alloc(0)
  }
  const receive = (chunk: Buffer) => {
    const all = length + chunk.length
    if (all > LONGEST || held.bytes + chunk.length > MOST_HELD) return void socket.destroy()
    // By doubling: the work stays linear in the bytes, however small the chunks.
    if (all > bytes.length)
      bytes = Buffer.concat([bytes.subarray(0, length)], Math.max(all, 2 * bytes.length))
    chunk.copy(bytes, length)
    held.bytes += chunk.length
    length = all
    if (!take(bytes.subarray(0, length))) return
    socket.off('data', receive)
    release()
  }
  socket.on('data', receive).on('close', release)
}
