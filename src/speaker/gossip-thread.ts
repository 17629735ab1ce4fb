/** Entry point of the gossip thread: wiring only. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { aesGcm, nonce } from '../adapters/aes-gcm.ts'
import { systemClock } from '../adapters/clock.ts'
import { Lease } from '../adapters/lease.ts'
import { takeShortTurns } from '../adapters/priority.ts'
import type { DetectionName } from '../core/gossip/detection.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import { GossipLoop } from './gossip-loop.ts'
import type { Switches } from './memberlist-file.ts'
import { ListReceiver, ListSender } from './list-patch.ts'
import type {
  Candidacy,
  FromPacket,
  GossipToMain,
  GossipToMainWire,
  MainToGossipWire,
  OwnerView,
} from './messages.ts'
import { PortLog } from './port-log.ts'
import { wake } from './wake.ts'

interface GossipThreadData {
  readonly node: string
  readonly bindAddress: string
  readonly bindPort: number
  readonly keys: readonly Uint8Array[]
  readonly profile: Profile | 'off'
  readonly switches: Switches
  readonly detection: DetectionName
  readonly returnDelayMs: number
  readonly packetPort: MessagePort
  /** eventfd that wakes the packet thread. */
  readonly wakeFd: number
  readonly lease: SharedArrayBuffer
}

if (!parentPort) throw new Error('the gossip thread is started by the speaker, not by itself')
const port = parentPort
const {
  keys,
  switches,
  packetPort,
  wakeFd,
  lease: shared,
  ...options
} = workerData as GossipThreadData
const candidaciesReceived = new ListReceiver<Candidacy>()
const ownersSent = new ListSender<OwnerView>()
const toMain = (message: GossipToMain) => {
  const wire: GossipToMainWire =
    message.kind === 'owners' ? { ...message, owners: ownersSent.patch(message.owners) } : message
  port.postMessage(wire)
}
const lease = new Lease(shared)

takeShortTurns()
const loop = await GossipLoop.start(
  { ...options, security: { label: new Uint8Array(), keys, cipher: aesGcm, nonce, ...switches } },
  {
    clock: systemClock,
    log: new PortLog(toMain),
    random: Math.random,
    startedAtMs: Date.now(),
    unixMs: Date.now,
    renewLease: (ms) => lease.renew(ms),
    toMain,
    toPacket(message) {
      packetPort.postMessage(message)
      lease.said()
      wake(wakeFd)
    },
  },
)
port.on('message', (message: MainToGossipWire) => {
  if (message.kind !== 'candidacies') return loop.receive(message)
  const candidacies = candidaciesReceived.take(message.candidacies)
  loop.receive({ ...message, candidacies })
})
packetPort.on('message', (message: FromPacket) => loop.fromPacket(message))
