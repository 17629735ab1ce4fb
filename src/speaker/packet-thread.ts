/** Entry of the packet thread: connects the loop to the ports of main and gossip. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { Lease } from '../adapters/lease.ts'
import { takeShortTurns } from '../adapters/priority.ts'
import type { AnnounceOptions, MainToPacket, ToPacket, ToSegment } from './messages.ts'
import { PacketLoop } from './packet-loop.ts'

const { excludeInterfaces, announce, gossipPort, lease } = workerData as {
  excludeInterfaces: readonly string[]
  announce: AnnounceOptions
  lease: SharedArrayBuffer
  gossipPort: MessagePort
}
if (!parentPort) throw new Error('packet-thread runs as a worker only')
const mainPort = parentPort

type Message = MainToPacket | ToPacket | ToSegment

function drain(port: MessagePort): Message[] {
  const messages: Message[] = []
  for (let got = receiveMessageOnPort(port); got; got = receiveMessageOnPort(port)) {
    messages.push(got.message as Message)
  }
  return messages
}

takeShortTurns()
const loop = new PacketLoop(
  {
    receive() {
      // In this order, so that a table sent before a word of main is taken in before it.
      const fromMain = drain(mainPort)
      return [...drain(gossipPort), ...fromMain]
    },
    send: (message) => mainPort.postMessage(message),
    toGossip: (message) => gossipPort.postMessage(message),
    lease: new Lease(lease),
  },
  excludeInterfaces.map((pattern) => new RegExp(pattern)),
  announce,
)
loop.run()
gossipPort.close()
