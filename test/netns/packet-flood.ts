/**
 * Sends frames that are nearly, but not quite, ARP requests and neighbour solicitations.
 *
 *   node packet-flood.ts INTERFACE_INDEX COUNT
 */
import { PacketSocket } from '../../src/adapters/af-packet.ts'

const [ifindex = NaN, count = NaN] = process.argv.slice(2).map(Number)
const KINDS = [
  { type: 'arpRequests', header: '0806', body: '0001080006040001', length: 28 },
  { type: 'solicitations', header: '86dd', body: '6000000000203aff', length: 72 },
] as const

for (const { type, header, body, length } of KINDS) {
  const socket = new PacketSocket(type)
  for (let i = 0; i < count; i++) {
    const noise = crypto.getRandomValues(new Uint8Array(14 + ((i * 7) % (length + 20))))
    noise.set(Buffer.from(`ffffffffffff020000000099${header}`, 'hex'))
    // Every other frame has a good start, so that it gets by the filter and the first checks.
    if (i % 2 === 0) {
      noise.set(Buffer.from(body, 'hex').subarray(0, noise.length - 14), 14)
      if (noise.length > 54) noise[54] = 135
    }
    socket.send(ifindex, noise)
  }
  socket.close()
}
