/**
 * Sends frames that are nearly, but not quite, ARP requests or neighbour solicitations. Every other one gets by
 * the kernel's filter.
 *
 *   node packet-flood.ts INTERFACE_INDEX COUNT [arp|nd|both] [PER_SECOND]   (of each kind; default: both, no bound)
 */
import { setTimeout as delay } from 'node:timers/promises'
import { PacketSocket } from '../../src/adapters/af-packet.ts'

const [ifindex, count, kind = 'both', perSecond = Infinity] = process.argv.slice(2)
const ARP = { type: 'arpRequests', header: '0806', body: '0001080006040001', length: 28 } as const
const ND = { type: 'solicitations', header: '86dd', body: '6000000000203aff', length: 72 } as const
const floods = (kind === 'both' ? [ARP, ND] : [kind === 'arp' ? ARP : ND]).map((flood) => ({
  ...flood,
  socket: new PacketSocket(flood.type),
}))

const startedAt = performance.now()
for (let i = 0; i < Number(count); i++) {
  while (i / Number(perSecond) > (performance.now() - startedAt) / 1000) await delay(1)
  for (const { socket, header, body, length } of floods) {
    const noise = crypto.getRandomValues(new Uint8Array(14 + ((i * 7) % (length + 20))))
    noise.set(Buffer.from(`ffffffffffff020000000099${header}`, 'hex'))
    // Every other frame has a good start, so that it gets by the filter and the first checks.
    if (i % 2 === 0) {
      noise.set(Buffer.from(body, 'hex').subarray(0, noise.length - 14), 14)
      if (noise.length > 54) noise[54] = 135
    }
    socket.send(Number(ifindex), noise)
  }
}
for (const { socket } of floods) socket.close()
