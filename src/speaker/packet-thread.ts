/** Entry of the packet thread: connects the loop to the ports of main and gossip. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { MainToPacket, ToPacket } from './messages.ts'
import { PacketLoop } from './packet-loop.ts'

const { excludeInterfaces, gossipPort } = workerData as {
  excludeInterfaces: readonly string[]
  gossipPort: MessagePort
}
if (!parentPort) throw new Error('packet-thread runs as a worker only')
const mainPort = parentPort

function drain(port: MessagePort): (MainToPacket | ToPacket)[] {
  const messages = []
  for (let got = receiveMessageOnPort(port); got; got = receiveMessageOnPort(port)) {
    messages.push(got.message)
  }
  return messages
}

const loop = new PacketLoop(
  {
    receive: () => [...drain(gossipPort), ...drain(mainPort)],
    send: (message) => mainPort.postMessage(message),
  },
  excludeInterfaces.map((pattern) => new RegExp(pattern)),
)
loop.run()
gossipPort.close()
