/** Streams of gossip, by node:net: one request and one reply a connection. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Serve, Streams } from '../ports/gossip-sockets.ts'
import { addressFrom, hostOf } from './address.ts'

/** Requests served at once; memberlist's bound on push/pulls. */
const MOST_CONNECTIONS = 128
const LONGEST = 20 * 1024 * 1024 + 1024

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
  const server = createServer((socket) => {
    track(socket)
    const from = addressFrom(socket.remoteAddress ?? '', socket.remotePort ?? 0)
    if (!from) return void socket.destroy()
    socket.setTimeout(timeoutMs, () => socket.destroy())
    collect(socket, (received) => {
      const answer = serve(received, from)
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
        collect(socket, (received) => {
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

/** Hands all bytes so far to `take` after each chunk, until it answers true or they are too many. */
function collect(socket: Socket, take: (received: Uint8Array) => boolean): void {
  const chunks: Buffer[] = []
  let length = 0
  const receive = (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > LONGEST) socket.destroy()
    else if (take(chunks.length === 1 ? chunk : Buffer.concat(chunks))) socket.off('data', receive)
  }
  socket.on('data', receive)
}
