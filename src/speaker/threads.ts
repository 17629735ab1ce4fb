/** The two worker threads of a speaker, and the typed messages to and from them. */
import { MessageChannel, Worker } from 'node:worker_threads'
import { once } from 'node:events'
import type { DetectionName } from '../core/gossip/detection.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import type { Switches } from './memberlist-file.ts'
import type {
  AnnounceOptions,
  Candidacy,
  GossipToMain,
  GossipToMainWire,
  MainToGossip,
  MainToGossipWire,
  MainToPacket,
  OwnerView,
  PacketToMain,
  ToPacket,
} from './messages.ts'
import { newLease } from '../adapters/lease.ts'
import { stepBack } from '../adapters/priority.ts'
import { ListReceiver, ListSender } from './list-patch.ts'
import { threadUrl } from './thread-url.ts'
import { wake } from './wake.ts'

export interface ThreadOptions {
  readonly node: string
  readonly bindAddress: string
  readonly bindPort: number
  /** Each of 32 bytes; the first one seals. None: no encryption. */
  readonly keys: readonly Uint8Array[]
  readonly profile: Profile | 'off'
  readonly switches: Switches
  readonly detection: DetectionName
  /** See core/gossip/settling.ts. */
  readonly returnDelayMs: number
  /** Regular expressions of interface names. */
  readonly excludeInterfaces: readonly string[]
  readonly announce: AnnounceOptions
}

export interface Threads {
  toGossip(message: MainToGossip): void
  /** Resolves when they have been reckoned with. */
  candidacies(candidacies: readonly Candidacy[]): Promise<void>
  toPacket(message: MainToPacket): void
  /** What has been handed to `candidacies` is told there. */
  onGossip(receive: (message: Exclude<GossipToMain, { kind: 'candidaciesTaken' }>) => void): void
  onPacket(receive: (message: PacketToMain) => void): void
  /** Rejects when either thread dies: a speaker without one is of no use. */
  readonly died: Promise<never>
  terminate(): Promise<void>
}

/**
 * Starts the packet thread, waits until its sockets are open, then starts the gossip thread with a
 * direct line to it, so that a change of owner makes no detour by the main thread.
 */
export async function startThreads(options: ThreadOptions): Promise<Threads> {
  const { excludeInterfaces, announce, ...gossipOptions } = options
  const { port1: gossipPort, port2: packetPort } = new MessageChannel()
  const lease = newLease()
  const packet = new Worker(threadUrl('packet-thread'), {
    workerData: { excludeInterfaces, announce, gossipPort, lease },
    transferList: [gossipPort],
  })
  const [ready] = (await Promise.race([once(packet, 'message'), exited(packet, 'packet')])) as [
    PacketToMain,
  ]
  if (ready.kind !== 'ready') throw new Error(`packet thread said ${ready.kind} before ready`)
  const { wakeFd } = ready

  const gossip = new Worker(threadUrl('gossip-thread'), {
    workerData: { ...gossipOptions, packetPort, wakeFd, lease },
    transferList: [packetPort],
  })
  stepBack()
  const candidaciesSent = new ListSender<Candidacy>()
  const ownersReceived = new ListReceiver<OwnerView>()
  const toGossip = (message: MainToGossip) => {
    const wire: MainToGossipWire =
      message.kind === 'candidacies'
        ? { ...message, candidacies: candidaciesSent.patch(message.candidacies) }
        : message
    gossip.postMessage(wire)
  }
  /** Those that are on their way, the oldest first. */
  const taken: (() => void)[] = []
  const died = Promise.race([exited(packet, 'packet'), exited(gossip, 'gossip')])
  died.catch(() => undefined)
  return {
    toGossip,
    candidacies(candidacies) {
      toGossip({ kind: 'candidacies', candidacies })
      return new Promise((resolve) => void taken.push(resolve))
    },
    toPacket(message: MainToPacket | ToPacket) {
      packet.postMessage(message)
      wake(wakeFd)
    },
    onGossip(receive) {
      gossip.on('message', (message: GossipToMainWire) => {
        if (message.kind === 'candidaciesTaken') return taken.shift()?.()
        if (message.kind !== 'owners') return receive(message)
        receive({ ...message, owners: ownersReceived.take(message.owners) })
        toGossip({ kind: 'ownersTaken' })
      })
    },
    onPacket: (receive) => void packet.on('message', receive),
    died,
    async terminate() {
      await Promise.all([gossip.terminate(), packet.terminate()])
    },
  }
}

async function exited(worker: Worker, name: string): Promise<never> {
  const [code] = (await once(worker, 'exit')) as [number]
  throw new Error(`the ${name} thread ended with code ${code}`)
}
