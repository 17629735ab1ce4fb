/** memberlist's wire format, against known bytes, and against any bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aesGcm } from '../../../adapters/aes-gcm.ts'
import { deriveKey } from './key.ts'
import { lzwDecode, lzwEncode } from './lzw.ts'
import { decodeMessage, encodeMessage } from './messages.ts'
import type { Message } from './messages.ts'
import { decodePacket, encodePacket } from './packet.ts'
import type { Security } from './security.ts'
import { decodeStream, encodeStream } from './stream.ts'
import type { StreamMessage } from './stream.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const EMPTY = new Uint8Array(0)
const KEY = deriveKey(Buffer.from('abcdefghijklmnopqrstuv'))
const security = (keys: Uint8Array[]): Security => ({
  label: EMPTY,
  keys,
  cipher: aesGcm,
  nonce: () => hex('000102030405060708090a0b'),
})
const PLAIN = security([])
const SEALED = security([KEY])
const SUSPECT: Message = { kind: 'suspect', from: 'n1', incarnation: 1, node: 'n2' }
const source = { sourceAddr: EMPTY, sourceNode: '', sourcePort: 0 }
const PING: StreamMessage = { kind: 'ping', node: 'n2', seqNo: 1, ...source }

const MESSAGES: readonly [what: string, bytes: string, message: Message][] = [
  [
    'alive',
    '0486a441646472a40a000001ab496e6361726e6174696f6e01a44d657461c0a44e6f6465a26e31a4506f7274cd1f0aa356736ea6010502000000',
    {
      kind: 'alive',
      addr: hex('0a000001'),
      incarnation: 1,
      meta: EMPTY,
      node: 'n1',
      port: 7946,
      vsn: hex('010502000000'),
    },
  ],
  ['suspect', '0383a446726f6da26e31ab496e6361726e6174696f6e01a44e6f6465a26e32', SUSPECT],
]
for (const [what, bytes, message] of MESSAGES) {
  test(`memberlist/messages: ${what} is written and read as Go does`, () => {
    assert.equal(toHex(encodeMessage(message)), bytes)
    assert.deepEqual(decodeMessage(hex(bytes)), { ok: true, value: message })
  })
}

for (const bytes of ['00c3080c1310', '6104860908']) {
  test(`memberlist/lzw: ${bytes} is aaaa`, () => {
    const plain = lzwDecode(hex(bytes), 100)
    assert.ok(plain.ok)
    assert.equal(Buffer.from(plain.value).toString(), 'aaaa')
  })
}
test('memberlist/lzw: aaaa is packed as by Go', () =>
  assert.equal(toHex(lzwEncode(Buffer.from('aaaa'))), '00c3080c1310'))

const DATAGRAM =
  '01000102030405060708090a0bd51a79984cdecaf36a755b4e447353a40c96f3cf4e8cd2caad992cbfb9c31c148130334ff6dda3760d89cbe096139a26d4593136'
test('memberlist/packet: a suspect with CRC, encrypted', () => {
  const form = { compression: false, crc: true }
  assert.equal(toHex(encodePacket(encodeMessage(SUSPECT), form, SEALED)), DATAGRAM)
  assert.deepEqual(decodePacket(hex(DATAGRAM), SEALED), { messages: [SUSPECT], drops: [] })
})
const STREAM =
  '0a0000002e01000102030405060708090a0bd94f702ca7b92cf542359170836c2c6044348ee953856fefee2eb7496ee4d270e4'
test('memberlist/stream: an encrypted ping', () => {
  assert.equal(toHex(encodeStream(PING, 'dialer', false, SEALED)), STREAM)
  assert.deepEqual(decodeStream(hex(STREAM), 'dialer', SEALED), { ok: true, value: PING })
})

test('memberlist/lzw: what is packed is unpacked, across full tables', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000, size: 'max' }), (input) => {
      const plain = lzwDecode(lzwEncode(input), 20_000)
      assert.ok(plain.ok && Buffer.compare(plain.value, input) === 0)
    }),
    { numRuns: 50 },
  ))
test('memberlist/packet, stream: any bytes give messages or reasons, never a throw', () =>
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: 13 }),
      (rest, type) => {
        const bytes = Uint8Array.of(type, ...rest)
        for (const side of [PLAIN, SEALED]) {
          decodePacket(bytes, side)
          decodeStream(bytes, 'dialer', side)
        }
      },
    ),
  ))
