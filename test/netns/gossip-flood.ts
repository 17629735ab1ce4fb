/**
 * A stranger that floods a speaker's port of gossip until it is killed: garbage by UDP, and by TCP connections
 * that send nothing, that send rubbish, and that begin a message of 20 MiB and go on and on.
 *
 *   node gossip-flood.ts SPEAKER DATAGRAMS_PER_SECOND KEYED SILENT_FROM RUBBISH_FROM GREEDY_FROM
 *
 * KEYED: `true` where gossip has a key. The last three: addresses of this host to connect from.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { TYPE } from '../../src/core/wire/memberlist/messages.ts'

const PORT = 7946
const [speaker = '', perSecond, keyed, silent = '', rubbish = '', greedy = ''] =
  process.argv.slice(2)
/** More than are served from one address. */
const CONNECTIONS = 24
const AGAIN_MS = 50
const PIECE = 64 * 1024
const MOST = 20 * 1024 * 1024

const noise = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** Connects, and again as soon as it is shown out. */
function hold(localAddress: string, begin: (socket: Socket) => void): void {
  const socket = connect({ host: speaker, port: PORT, localAddress })
  socket.on('connect', () => begin(socket)).on('error', () => undefined)
  socket.on('close', () => setTimeout(() => hold(localAddress, begin), AGAIN_MS))
}

/** The start of a message that is said to be `MOST` long: sealed, or for the speaker itself. */
function header(): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(MOST)
  const begin =
    keyed === 'true'
      ? Buffer.of(TYPE.encrypt)
      : // A map of one pair: UserMsgLen, and a number of four bytes.
        Buffer.concat([
          Buffer.of(TYPE.user, 0x81, 0xaa),
          Buffer.from('UserMsgLen'),
          Buffer.of(0xce),
        ])
  return Buffer.concat([begin, length])
}

function writeOn(socket: Socket, piece: () => Uint8Array): void {
  while (!socket.destroyed && socket.write(piece())) continue
  socket.once('drain', () => writeOn(socket, piece))
}

for (let i = 0; i < CONNECTIONS; i++) {
  hold(silent, () => undefined)
  hold(rubbish, (socket) => writeOn(socket, () => noise(PIECE)))
  hold(greedy, (socket) => {
    socket.write(header())
    writeOn(socket, () => new Uint8Array(PIECE))
  })
}

const datagrams = createSocket('udp4')
datagrams.connect(PORT, speaker)
await once(datagrams, 'connect')
const startedAt = performance.now()
for (let i = 0; ; i++) {
  const isEarly = i / Number(perSecond) > (performance.now() - startedAt) / 1000
  // Connections get their turn, also where it is late.
  if (isEarly || i % 32 === 0) await delay(isEarly ? 1 : 0)
  const datagram = noise(1 + ((i * 7) % 1400))
  // Every other one begins as a message does.
  if (i % 2 === 0) datagram[0] = i % (TYPE.err + 1)
  datagrams.send(datagram)
}
