/**
 * Sends frames, one right after the other.
 *
 *   node send-frames.ts INTERFACE_INDEX HEX…
 */
import { PacketSocket } from '../../src/adapters/af-packet.ts'

const [ifindex, ...frames] = process.argv.slice(2)
const socket = new PacketSocket('arpRequests')
for (const hex of frames) socket.send(Number(ifindex), new Uint8Array(Buffer.from(hex, 'hex')))
socket.close()
