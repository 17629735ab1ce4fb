/** What is too much, and the reason that it is given; docs/wire-limits.md has them all. */
import assert from 'node:assert/strict'
import { cpuUsage } from 'node:process'
import { test } from 'node:test'
import { CLEAR } from '../../../../test/fuzz/samples.ts'
import { EMPTY, concat } from './bytes.ts'
import { compress } from './compress.ts'
import { encodeMessage } from './messages.ts'
import type { Message } from './messages.ts'
import { compound, decodePacket } from './packet.ts'
import { STREAM_MAX, StreamReader, decodeStream, encodeStream } from './stream.ts'
import type { PushNodeState } from './stream.ts'
import { VSN } from './version.ts'

/** Of this process, so far: not what the machine keeps it waiting. */
function workedMs(): number {
  const { user, system } = cpuUsage()
  return (user + system) / 1000
}

const alive = (part: object): Message => ({
  ...{ kind: 'alive', node: 'w1', addr: Uint8Array.of(10, 0, 0, 1), port: 7946, incarnation: 1 },
  ...{ meta: EMPTY, vsn: VSN },
  ...part,
})
const suspect = (part: object): Message => ({
  ...{ kind: 'suspect', node: 'w1', from: 'w2', incarnation: 1 },
  ...part,
})
const long = (length: number): string => 'x'.repeat(length)
const SOURCE = { sourceAddr: EMPTY, sourceNode: '', sourcePort: 0 }

for (const [what, message, reason] of [
  ['a name of 255', alive({ node: long(255) }), undefined],
  ['a name of 256', alive({ node: long(256) }), 'badName'],
  ['no name', alive({ node: '' }), 'badName'],
  ['an IPv6 address', alive({ addr: new Uint8Array(16) }), undefined],
  ['no address', alive({ addr: EMPTY }), 'badAddress'],
  ['an address of five bytes', alive({ addr: new Uint8Array(5) }), 'badAddress'],
  ['meta data of 512 bytes', alive({ meta: new Uint8Array(512) }), undefined],
  ['meta data of 513 bytes', alive({ meta: new Uint8Array(513) }), 'metaTooLong'],
  ['no versions', alive({ vsn: EMPTY }), undefined],
  ['versions of 17 bytes', alive({ vsn: new Uint8Array(17) }), 'vsnTooLong'],
  ['an accuser of 256', suspect({ from: long(256) }), 'badName'],
  ['an accused of 256', suspect({ node: long(256) }), 'badName'],
  ['a death told by one of 256', { ...suspect({ from: long(256) }), kind: 'dead' }, 'badName'],
  ['a ping for 256', { kind: 'ping', node: long(256), seqNo: 1, ...SOURCE }, 'badName'],
  ['a ping from nowhere', { kind: 'ping', node: '', seqNo: 1, ...SOURCE }, undefined],
] as const) {
  test(`memberlist/limits: ${what}: ${reason ?? 'is taken'}`, () => {
    const { drops, messages } = decodePacket(encodeMessage(message as Message), CLEAR)
    assert.deepEqual(drops, reason ? [reason] : [])
    assert.equal(messages.length, reason ? 0 : 1)
  })
}

const user = encodeMessage({ kind: 'user', payload: EMPTY })
/** Depth 1 holds the message itself. */
function nested(depth: number): Uint8Array {
  let bytes = user
  for (let i = 0; i < depth; i++) bytes = compound([bytes, user])
  return bytes
}
const bomb = compress(new Uint8Array(600_000))
for (const [what, bytes, messages, drops] of [
  ['eight wrappings', nested(8), 9, {}],
  ['nine wrappings', nested(9), 8, { nestedTooDeep: 2 }],
  [
    'more messages than 4096',
    compress(
      compound(Array.from({ length: 255 }, () => compound(Array<Uint8Array>(20).fill(user)))),
    ),
    undefined,
    { tooManyMessages: 1 },
  ],
  ['a bomb', bomb, 0, { lzwTooLong: 1 }],
  // Each would unfold to half a mebibyte: the first spends what there is.
  ['a crowd of bombs', compound(Array<Uint8Array>(100).fill(bomb)), 0, { lzwTooLong: 100 }],
] as const) {
  test(`memberlist/limits: a datagram of ${what}`, () => {
    const started = workedMs()
    const unpacked = decodePacket(bytes, CLEAR)
    if (messages !== undefined) assert.equal(unpacked.messages.length, messages)
    const counts: Record<string, number> = {}
    for (const reason of unpacked.drops) counts[reason] = (counts[reason] ?? 0) + 1
    assert.deepEqual(counts, drops)
    assert.ok(workedMs() - started < 1000)
  })
}

/** msgpack by hand: what a liar would send. */
const header = (nodes: number, userStateLen: number): Uint8Array => {
  const u32 = (value: number) => [
    0xce,
    value >>> 24,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ]
  const key = (name: string) => [0xa0 | name.length, ...Buffer.from(name)]
  return Uint8Array.from([
    0x06,
    0x82,
    ...key('Nodes'),
    ...u32(nodes),
    ...key('UserStateLen'),
    ...u32(userStateLen),
  ])
}
for (const [what, bytes, reason] of [
  ['65,537 nodes', header(65_537, 0), 'tooManyNodes'],
  ['2^32 − 1 nodes', header(0xffff_ffff, 0), 'msgpackRange'],
  ['65,536 nodes that are yet to come', header(65_536, 0), 'truncated'],
  ['a user state of 20 MiB and a byte', header(0, STREAM_MAX + 1), 'streamTooLong'],
  [
    'a seal of 20 MiB and a byte',
    Uint8Array.of(0x0a, 0x01, 0x40, 0x00, 0x01),
    'unexpectedEncryption',
  ],
  ['a bomb of more than 20 MiB', compress(new Uint8Array(STREAM_MAX + 1)), 'lzwTooLong'],
] as const) {
  test(`memberlist/limits: a stream of ${what}: ${reason}`, () => {
    assert.deepEqual(decodeStream(bytes, 'dialer', CLEAR), { ok: false, reason })
  })
}

test('memberlist/limits: a sealed stream of more than 20 MiB is not waited for', () => {
  const sealed = { ...CLEAR, keys: [new Uint8Array(32)] }
  const bytes = Uint8Array.of(0x0a, 0x01, 0x40, 0x00, 0x01)
  assert.deepEqual(decodeStream(bytes, 'dialer', sealed), { ok: false, reason: 'streamTooLong' })
})

test('memberlist/limits: a long push/pull that comes byte by byte costs no more than at once', () => {
  const node = (i: number): PushNodeState => ({
    ...{ name: `w${i}`, addr: Uint8Array.of(10, 0, i >> 8, i & 255), port: 7946, incarnation: 1 },
    ...{ meta: EMPTY, vsn: VSN, state: 0 },
  })
  const nodes = Array.from({ length: 2000 }, (_, i) => node(i))
  const message = {
    kind: 'pushPull',
    join: true,
    nodes,
    userState: Uint8Array.of(1, 2, 3),
  } as const
  const bytes = encodeStream(message, 'dialer', false, CLEAR)
  const reader = new StreamReader('dialer', CLEAR)
  const started = workedMs()
  for (let end = 0; end < bytes.length; end++) {
    const part = reader.read(bytes.subarray(0, end))
    assert.ok(!part.ok && part.reason === 'truncated')
  }
  assert.deepEqual(reader.read(bytes), { ok: true, value: message })
  // Read anew for each byte it would take minutes.
  assert.ok(workedMs() - started < 20_000, `${workedMs() - started} ms`)
})

test('memberlist/limits: unknown keys are passed over, however deep', () => {
  const deep = concat(
    Uint8Array.of(0x0b, 0x82, 0xa1, 0x58),
    new Uint8Array(60_000).fill(0x91),
    Uint8Array.of(0xc0, 0xa5, ...Buffer.from('SeqNo'), 7),
  )
  const { messages } = decodePacket(deep, CLEAR)
  assert.deepEqual(messages, [{ kind: 'nackResp', seqNo: 7 }])
})
