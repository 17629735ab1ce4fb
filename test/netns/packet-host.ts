/**
 * Runs the packet thread by itself, for tests in a network namespace. Standard input: a message a
 * line, those of the gossip thread go its way, all others that of main. Standard output: what the
 * thread says to either, a message a line. Addresses are text. Ends when the thread ends.
 *
 *   node packet-host.ts '{"exclude": …}'   (HostOptions)
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { MessageChannel, Worker } from 'node:worker_threads'
import { Lease, newLease } from '../../src/adapters/lease.ts'
import { stepBack } from '../../src/adapters/priority.ts'
import { formatIp, ipFromBytes, ipToBytes, parseIp } from '../../src/core/net/ip.ts'
import type {
  AnnounceOptions,
  FromPacket,
  MainToPacket,
  PacketToMain,
  ToPacket,
  ToSegment,
} from '../../src/speaker/messages.ts'
import { threadUrl } from '../../src/speaker/thread-url.ts'

type WithText<T> = T extends { readonly ip: Uint8Array } ? Omit<T, 'ip'> & { ip: string } : T

export type HostHears = MainToPacket | ToPacket | WithText<ToSegment>
export type HostSays = PacketToMain | WithText<FromPacket>

export interface HostOptions {
  /** Patterns of interfaces. */
  readonly exclude?: readonly string[]
  readonly announce?: Partial<AnnounceOptions>
  /** The main thread does nothing but parse objects of an API server. */
  readonly busy?: boolean
}

const { exclude = [], announce, busy } = JSON.parse(process.argv[2] ?? '{}') as HostOptions
const defaults: AnnounceOptions = {
  refreshMs: undefined,
  packetsPerSecond: Infinity,
  conflict: 'tell',
}
const shared = newLease()
const lease = new Lease(shared)
lease.renew(Infinity)
const { port1: gossip, port2: gossipPort } = new MessageChannel()
const worker = new Worker(threadUrl('packet-thread'), {
  workerData: {
    excludeInterfaces: exclude,
    announce: { ...defaults, ...announce },
    gossipPort,
    lease: shared,
  },
  transferList: [gossipPort],
})
let wakeFd: number | undefined
const say = (message: HostSays) => console.log(JSON.stringify(message))
worker.on('message', (message: PacketToMain) => {
  if (message.kind === 'ready') {
    wakeFd = message.wakeFd
    // As the main thread of a speaker does.
    stepBack()
  }
  say(message)
})
gossip.on('message', (message: FromPacket) => {
  if (message.kind !== 'answered') return say(message)
  const ip = ipFromBytes(message.ip)
  say({ ...message, ip: ip ? formatIp(ip) : '?' })
})
const input = createInterface(process.stdin)
input.on('line', (line) => {
  const message = JSON.parse(line) as HostHears
  if (message.kind === 'ask' || message.kind === 'bound') {
    const ip = parseIp(message.ip)
    if (ip) gossip.postMessage({ ...message, ip: ipToBytes(ip) })
  } else if (message.kind === 'announce') gossip.postMessage(message)
  else worker.postMessage(message)
  lease.said()
  if (wakeFd !== undefined) writeSync(wakeFd, new Uint8Array(new BigUint64Array([1n]).buffer))
})
let ended = false
worker.on('exit', (code) => {
  ended = true
  gossip.close()
  input.close()
  process.exitCode = code
  process.stdin.destroy()
})
if (busy) {
  const object = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ name: `svc-${i}`, i })))
  const work = () => {
    const until = performance.now() + 20
    while (performance.now() < until) JSON.parse(object)
    if (!ended) setImmediate(work)
  }
  work()
}
