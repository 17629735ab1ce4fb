/** Messages that are right, of every kind, in every wrapping; few names, so that they meet. */
import { aesGcm, nonce } from '../../src/adapters/aes-gcm.ts'
import type { Random } from '../../src/core/random.ts'
import { EMPTY, bigEndian, concat } from '../../src/core/wire/memberlist/bytes.ts'
import { compress } from '../../src/core/wire/memberlist/compress.ts'
import { crc32 } from '../../src/core/wire/memberlist/crc32.ts'
import { TYPE, encodeMessage } from '../../src/core/wire/memberlist/messages.ts'
import type { Message, Ping } from '../../src/core/wire/memberlist/messages.ts'
import { compound } from '../../src/core/wire/memberlist/packet.ts'
import { ENCRYPTION_OVERHEAD, labelHeader, seal } from '../../src/core/wire/memberlist/security.ts'
import type { Security } from '../../src/core/wire/memberlist/security.ts'
import { encodeStream } from '../../src/core/wire/memberlist/stream.ts'
import type { PushNodeState, Side, StreamMessage } from '../../src/core/wire/memberlist/stream.ts'
import { VSN } from '../../src/core/wire/memberlist/version.ts'
import { below, mutated, noise, pick } from './mutate.ts'

const KEY = Buffer.from('0123456789abcdef')
const OLD_KEY = Buffer.from('an older key of thirty-two bytes')
const security = (label: string, keys: readonly Uint8Array[], verifyIncoming = true): Security => ({
  label: Buffer.from(label),
  keys,
  cipher: aesGcm,
  nonce,
  verifyIncoming,
})
export const CLEAR = security('', [])
/** Every set-up that changes what is read. */
export const SECURITIES: readonly Security[] = [
  CLEAR,
  security('', [KEY, OLD_KEY]),
  security('metallb', []),
  security('metallb', [KEY]),
  security('', [KEY], false),
]

export const SELF = 'n0'
const name = (random: Random): string =>
  random() < 0.95 ? `n${below(random, 20)}` : `é${'x'.repeat(below(random, 300))}`
/** A name and the address that goes with it, mostly; now and then of somebody never heard of. */
const whoAndWhere = (random: Random) => {
  if (random() < 0.1) return { who: name(random), addr: ip(random), port: port(random) }
  const index = random() < 0.9 ? below(random, 20) : below(random, 1_000_000)
  return { who: `n${index}`, addr: Uint8Array.of(10, index >> 16, index >> 8, index), port: 7946 }
}
const incarnation = (random: Random): number =>
  random() < 0.998 ? below(random, 50) : pick(random, [0, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff])
const ip = (random: Random): Uint8Array =>
  random() < 0.95 ? Uint8Array.of(10, 0, 0, below(random, 20)) : noise(random, below(random, 20))
const port = (random: Random): number => (random() < 0.95 ? 7946 : below(random, 65_536))
const vsn = (random: Random): Uint8Array =>
  random() < 0.95 ? VSN : noise(random, below(random, 12))
const meta = (random: Random): Uint8Array =>
  random() < 0.7 ? Uint8Array.of(0x62, 0x77, 0x01) : noise(random, below(random, 600))

const seqNoOf = (random: Random): number =>
  random() < 0.5 ? below(random, 100) : below(random, 2 ** 32)
const sourceOf = (random: Random) => ({
  sourceAddr: ip(random),
  sourceNode: name(random),
  sourcePort: port(random),
})
const ping = (random: Random): Ping => ({
  kind: 'ping',
  node: name(random),
  seqNo: seqNoOf(random),
  ...sourceOf(random),
})

function message(random: Random): Message {
  const seqNo = seqNoOf(random)
  const accusation = { from: name(random), incarnation: incarnation(random), node: name(random) }
  return pick<() => Message>(random, [
    () => ping(random),
    () => ({
      kind: 'indirectPing',
      nack: random() < 0.5,
      node: name(random),
      port: port(random),
      seqNo,
      target: ip(random),
      ...sourceOf(random),
    }),
    () => ({ kind: 'ackResp', payload: noise(random, below(random, 20)), seqNo }),
    () => ({ kind: 'nackResp', seqNo }),
    () => ({ kind: 'suspect', ...accusation }),
    () => ({ kind: 'dead', ...accusation }),
    () => {
      const { who: node, ...where } = whoAndWhere(random)
      const rest = { incarnation: incarnation(random), meta: meta(random), vsn: vsn(random) }
      return { kind: 'alive', node, ...where, ...rest }
    },
    () => ({ kind: 'user', payload: noise(random, below(random, 100)) }),
  ])()
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

/** What is inside label and encryption; right so far. */
function plainPacket(random: Random): Uint8Array {
  const messages = times(1 + below(random, random() < 0.9 ? 3 : 40), () =>
    encodeMessage(message(random)),
  )
  const plain = compound(messages)
  return random() < 0.3 ? compress(plain) : plain
}

/** A datagram whose content, and now and then whose wrapping, is mutated. */
export function datagram(random: Random, security: Security): Uint8Array {
  const plain = mutated(random, random() < 0.95 ? plainPacket(random) : noise(random, 100))
  const checked =
    random() < 0.2 ? concat(Uint8Array.of(TYPE.hasCrc), bigEndian(crc32(plain), 4), plain) : plain
  const [key] = security.keys
  const sealed = key
    ? seal(security, pick(random, security.keys), checked, security.label)
    : checked
  const whole = concat(labelHeader(security.label), sealed)
  return random() < 0.1 ? mutated(random, whole) : whole
}

function nodeState(random: Random): PushNodeState {
  const { who: name, ...where } = whoAndWhere(random)
  return {
    name,
    ...where,
    incarnation: incarnation(random),
    meta: meta(random),
    state: random() < 0.9 ? below(random, 4) : below(random, 100),
    vsn: VSN,
  }
}

function streamMessage(random: Random): StreamMessage {
  const pushPull = (): StreamMessage => ({
    kind: 'pushPull',
    join: random() < 0.5,
    nodes: times(below(random, random() < 0.9 ? 5 : 60), () => nodeState(random)),
    userState: noise(random, below(random, 20)),
  })
  return pick<() => StreamMessage>(random, [
    pushPull,
    pushPull,
    pushPull,
    () => ping(random),
    () => ({ kind: 'ackResp', payload: EMPTY, seqNo: below(random, 100) }),
    () => ({ kind: 'user', payload: noise(random, below(random, 100)) }),
    () => ({ kind: 'err', error: name(random) }),
  ])()
}

/** A stream as `side` writes it, mutated within and now and then without. */
export function stream(random: Random, side: Side, security: Security): Uint8Array {
  const bare = encodeStream(streamMessage(random), side, random() < 0.5, CLEAR)
  const plain = mutated(random, bare)
  const [key] = security.keys
  const label = side === 'dialer' ? labelHeader(security.label) : EMPTY
  const header = concat(
    Uint8Array.of(TYPE.encrypt),
    bigEndian(plain.length + ENCRYPTION_OVERHEAD, 4),
  )
  const sealed = key
    ? concat(header, seal(security, key, plain, concat(header, security.label)))
    : plain
  const whole = concat(label, sealed)
  return random() < 0.1 ? mutated(random, whole) : whole
}
