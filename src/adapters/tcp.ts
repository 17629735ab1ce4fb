/** Streams of gossip, by node:net: one request and one reply a connection. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { ConnectionDrop } from '../core/gossip/counters.ts'
import type { Serve, Streams } from '../ports/gossip-sockets.ts'
import { addressFrom, hostOf } from './address.ts'

/** Requests served at once; memberlist's bound on push/pulls. */
const MOST_CONNECTIONS = 128
/** Of them from one address: a stranger alone cannot keep members out. */
const MOST_FROM_ONE = 16
const LONGEST = 20 * 1024 * 1024 + 1024
/** Bytes kept for what is not understood yet, of all requests together. */
const MOST_HELD = 2 * LONGEST

/** `dropped` is called for each connection that costs too much. Rejects if the address cannot be bound. */
export async function openStreams(
  bindAddress: string,
  port: number,
  timeoutMs: number,
  serve: Serve,
  dropped: (reason: ConnectionDrop) => void = () => undefined,
): Promise<Streams> {
  const open = new Set<Socket>()
  const track = (socket: Socket) => {
    open.add(socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy()))
  }
  const asking = new Set<Socket>()
  const held = { bytes: 0 }
  const turns = new Turns()
  const server = createServer((socket) => {
    track(socket)
    const from = addressFrom(socket.remoteAddress ?? '', socket.remotePort ?? 0)
    const alike = [...asking].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress)
    const drop = (reason: ConnectionDrop) => {
      socket.destroy()
      dropped(reason)
    }
    if (!from || alike.length >= MOST_FROM_ONE) return drop('tooManyConnections')
    asking.add(socket.on('close', () => asking.delete(socket)))
    let understood = false
    // Of the whole request, as in memberlist: who sends a byte now and then does not hold it open.
    const timer = setTimeout(
      () => (understood ? socket.destroy() : drop('requestTooSlow')),
      timeoutMs,
    )
    socket.on('close', () => clearTimeout(timer))
    const take = serve(from)
    const tooMany = () => drop('tooManyBytes')
    collect(socket, held, tooMany, (received) => {
      const answer = take(received)
      understood = answer !== 'more'
      if (answer === 'more') {
        turns.wait(socket)
        return false
      }
      if (answer === 'close') socket.destroy()
      else socket.end(answer)
      return true
    })
  })
  server.maxConnections = MOST_CONNECTIONS
  server.on('drop', () => dropped('tooManyConnections'))
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
        const tooMany = () => socket.destroy()
        collect(socket, { bytes: 0 }, tooMany, (received) => {
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
 * Requests that go on are read piece by piece, by turns, one in each turn of the event loop: else those that
 * come as fast as the network can would leave it no time for datagrams.
 */
class Turns {
  readonly #waiting = new Set<Socket>()

  /** Nothing more of it is read until its turn. */
  wait(socket: Socket): void {
    socket.pause()
    if (this.#waiting.size === 0) setImmediate(() => this.#next())
    this.#waiting.add(socket)
  }

  #next(): void {
    const [next] = this.#waiting
    if (!next) return
    this.#waiting.delete(next)
    next.resume()
    if (this.#waiting.size > 0) setImmediate(() => this.#next())
  }
}

/**
 * Hands all bytes so far to `take` after each chunk, until it answers true or they are too many.
 * `held`: what is kept for several streams together.
 */
function collect(
  socket: Socket,
  held: { bytes: number },
  tooMany: () => void,
  take: (received: Uint8Array) => boolean,
): void {
  let kept = Buffer.alloc(0)
  let length = 0
  const release = () => {
    held.bytes -= kept.length
    length = 0
    kept = Buffer.alloc(0)
  }
  const receive = (chunk: Buffer) => {
    const all = length + chunk.length
    if (all > kept.length) {
      // By doubling: the work stays linear in the bytes, however small the chunks.
      const room = Math.min(LONGEST, Math.max(all, 2 * kept.length))
      if (all > room || held.bytes + room - kept.length > MOST_HELD) {
        // Not when it is closed, a moment later: others would be refused for what this one held.
        release()
        return tooMany()
      }
      held.bytes += room - kept.length
      kept = Buffer.concat([kept.subarray(0, length)], room)
    }
    chunk.copy(kept, length)
    length = all
    if (!take(kept.subarray(0, length))) return
    socket.off('data', receive)
    release()
  }
  socket.on('data', receive).on('close', release)
}
