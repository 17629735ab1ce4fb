/** Datagrams of gossip, by node:dgram. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Address } from '../core/gossip/effects.ts'
import type { Datagrams } from '../ports/gossip-sockets.ts'
import type { Log } from '../ports/log.ts'
import { addressFrom, hostOf } from './address.ts'

/** `receive` is called for each datagram. Rejects if the address cannot be bound. */
export async function openDatagrams(
  bindAddress: string,
  port: number,
  log: Log,
  receive: (bytes: Uint8Array, from: Address) => void,
): Promise<Datagrams> {
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
      if (host !== undefined && port > 0) socket.send(bytes, port, host, () => undefined)
    },
    close: () => void socket.close(),
  }
}
