/**
 * Gossip and diagnosis of a speaker as a program, without API and packets: what it would record as events
 * goes to standard output, a line each.
 */
import { parseArgs } from 'node:util'
import { aesGcm, nonce } from '../../src/adapters/aes-gcm.ts'
import { hostOf } from '../../src/adapters/address.ts'
import { systemClock } from '../../src/adapters/clock.ts'
import { tryDoor } from '../../src/adapters/tcp-door.ts'
import { STEADY } from '../../src/core/gossip/detection.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import { Diagnosis } from '../../src/speaker/diagnosis.ts'
import { tellFindings } from '../../src/speaker/findings-teller.ts'
import { GossipShell } from '../../src/speaker/gossip-shell.ts'
import { Joiner } from '../../src/speaker/joiner.ts'
import { MemoryLog } from '../contract/memory-log.ts'

const PORT = 7946
const text = { type: 'string', default: '' } as const
const { values } = parseArgs({
  // `peer`: address of the other speaker, where the API names it. `key`: in hexadecimal.
  options: { name: text, bind: text, peer: text, key: text },
})
const { name, bind: self, peer, key } = values
const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`)

const log = new MemoryLog()
const diagnosis = new Diagnosis({
  clock: systemClock,
  log,
  self,
  port: PORT,
  secretEmpty: false,
  knock: (address) => tryDoor(address, PORT, 2000),
  record: (type, reason, message) => say({ type, reason, message }),
})
const shell: GossipShell = await GossipShell.open(
  {
    name,
    bindAddress: self,
    bindPort: PORT,
    // Not half a minute between two exchanges of states: what has passed is known sooner.
    profile: { ...LAN, pushPullIntervalMs: 4000 },
    detection: STEADY,
    security: {
      label: new Uint8Array(),
      keys: key === '' ? [] : [Buffer.from(key, 'hex')],
      cipher: aesGcm,
      nonce,
    },
  },
  systemClock,
  log,
  Math.random,
  // Asked a moment later: the first change is before `shell` is known.
  { changed: () => setImmediate(() => diagnosis.setMembers(members())) },
)
const members = () =>
  new Set(shell.node.members.usable().flatMap(({ addr: ip, port }) => hostOf({ ip, port }) ?? []))

tellFindings(
  systemClock,
  () => shell.findings(),
  (findings) => diagnosis.setFindings(findings),
)
const joiner = new Joiner({
  clock: systemClock,
  log,
  self,
  isMember: (address) => members().has(address),
  join: (address) => shell.join(address, PORT),
  joined: () => undefined,
})
if (peer !== '') {
  diagnosis.setSpeakers([{ name: 'speaker-peer', node: 'peer', address: peer, ready: true }])
  joiner.want([peer])
}
say({ ready: true })
