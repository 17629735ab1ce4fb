/**
 * Runs the packet thread by itself, for tests in a network namespace. Standard input: a message a
 * line, `{"kind":"announce",…}` goes the way of gossip, all others that of main. Standard output:
 * what the thread says, a message a line. Ends when the thread ends.
 *
 *   node packet-host.ts [pattern of interfaces to exclude…]
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { MessageChannel, Worker } from 'node:worker_threads'
import { Lease, newLease } from '../../src/adapters/lease.ts'
import type { MainToPacket, PacketToMain, ToPacket } from '../../src/speaker/messages.ts'
import { threadUrl } from '../../src/speaker/thread-url.ts'

const lease = newLease()
new Lease(lease).renew(Infinity)
const { port1: gossip, port2: gossipPort } = new MessageChannel()
const worker = new Worker(threadUrl('packet-thread'), {
  workerData: { excludeInterfaces: process.argv.slice(2), gossipPort, lease },
  transferList: [gossipPort],
})
let wakeFd: number | undefined
worker.on('message', (message: PacketToMain) => {
  if (message.kind === 'ready') wakeFd = message.wakeFd
  console.log(JSON.stringify(message))
})
const input = createInterface(process.stdin)
input.on('line', (line) => {
  const message = JSON.parse(line) as MainToPacket | ToPacket
  if (message.kind === 'announce') gossip.postMessage(message)
  else worker.postMessage(message)
  if (wakeFd !== undefined) writeSync(wakeFd, new Uint8Array(new BigUint64Array([1n]).buffer))
})
worker.on('exit', (code) => {
  gossip.close()
  input.close()
  process.exitCode = code
  process.stdin.destroy()
})
