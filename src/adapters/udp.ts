/** Datagrams of gossip, by node:dgram. */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Address } from '../core/gossip/effects.ts'
import type { Datagrams } from '../ports/gossip-sockets.ts'
import type { Log } from '../ports/log.ts'
import { addressFrom, hostOf } from './address.ts'

/**
 * `receive` is called for each datagram; `refused` where the kernel there says that nobody listens,
 * `tooLarge` where the own kernel will not send so many bytes (EMSGSIZE). Rejects if the address
 * cannot be bound.
 */
export async function openDatagrams(
  bindAddress: string,
  port: number,
  log: Log,
  receive: (bytes: Uint8Array, from: Address) => void,
  refused: (from: Address) => void = () => undefined,
  tooLarge: (to: Address) => void = () => undefined,
): Promise<Datagrams> {
  const connected = new ConnectedSockets(bindAddress, receive, refused, tooLarge)
  const socket = createSocket({ type: isIPv6(bindAddress) ? 'udp6' : 'udp4' })
  socket.on('message', (bytes, { address, port }) => {
    const from = addressFrom(address, port)
    if (from) receive(bytes, from)
  })
  socket.bind(port, bindAddress)
  await once(socket, 'listening')
  socket.on('error', (error) => log.warn('gossip-socket-error', { error }))
  return {
    send({ ip, port }, bytes) {
      const host = hostOf({ ip, port })
      // A member that cannot be reached is found out by the probes, not here.
      if (host === undefined || port === 0) return
      socket.send(bytes, port, host, (error) => {
        if (isTooLarge(error)) tooLarge({ ip, port })
      })
    },
    sendConnected: (to, bytes) => connected.send(to, bytes),
    close() {
      connected.close()
      socket.close()
    },
  }
}

const isTooLarge = (error: NodeJS.ErrnoException | null): boolean => error?.code === 'EMSGSIZE'

/** Sockets unused for this long are closed. */
const IDLE_MS = 10_000

interface Connected {
  readonly socket: Socket
  ready: boolean
  usedAt: number
}

/** One connected socket a peer, so that the kernel tells of ICMP port unreachable (udp(7)). */
class ConnectedSockets {
  readonly #bindAddress: string
  readonly #receive: (bytes: Uint8Array, from: Address) => void
  readonly #refused: (from: Address) => void
  readonly #tooLarge: (to: Address) => void
  readonly #sockets = new Map<string, Connected>()
  readonly #sweeper: NodeJS.Timeout

  constructor(
    bindAddress: string,
    receive: (bytes: Uint8Array, from: Address) => void,
    refused: (from: Address) => void,
    tooLarge: (to: Address) => void,
  ) {
    this.#bindAddress = bindAddress
    this.#receive = receive
    this.#refused = refused
    this.#tooLarge = tooLarge
    this.#sweeper = setInterval(() => this.#sweep(), IDLE_MS).unref()
  }

  send(to: Address, bytes: Uint8Array): void {
    const host = hostOf(to)
    if (host === undefined || to.port === 0) return
    const key = `${host} ${to.port}`
    let connected = this.#sockets.get(key)
    if (!connected) {
      connected = this.#open(to, host)
      this.#sockets.set(key, connected)
    }
    connected.usedAt = performance.now()
    // Not connected yet, or refused just now: the next ping comes soon.
    if (!connected.ready) return
    connected.socket.send(bytes, (error) => {
      if (isTooLarge(error)) this.#tooLarge(to)
    })
  }

  close(): void {
    clearInterval(this.#sweeper)
    for (const { socket } of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  #open(to: Address, host: string): Connected {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' })
    const connected: Connected = { socket, ready: false, usedAt: 0 }
    socket.on('message', (bytes) => this.#receive(bytes, to))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') this.#refused(to)
    })
    // From the address that others know, where it is of the peer's family.
    if (isIPv6(host) === isIPv6(this.#bindAddress)) socket.bind(0, this.#bindAddress)
    socket.connect(to.port, host, () => (connected.ready = true))
    return connected
  }

  #sweep(): void {
    for (const [key, { socket, usedAt }] of this.#sockets) {
      if (performance.now() - usedAt < IDLE_MS) continue
      socket.close()
      this.#sockets.delete(key)
    }
  }
}
