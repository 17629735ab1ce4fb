import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeHandover, encodeHandover } from './handover.ts'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

for (const [what, spaced, message] of [
  [
    'give',
    '627701 01 000000000007 02 7731 04 ac12000a',
    { kind: 'give', from: 'w1', seq: 7, ips: ['172.18.0.10'] },
  ],
  [
    'want',
    '627701 03 000000000008 02 7731 04 ac12000a',
    { kind: 'want', from: 'w1', seq: 8, ips: ['172.18.0.10'] },
  ],
  [
    'taken, of both families',
    '627701 02 019b00000001 02 7732 04 ac12000a 10 fd000018000000000000000000000010',
    { kind: 'taken', from: 'w2', seq: 0x019b00000001, ips: ['172.18.0.10', 'fd00:18::10'] },
  ],
] as const) {
  test(`wire/handover: ${what}`, () => {
    assert.deepEqual(encodeHandover(message).map(hex), [hex(bytes(spaced))])
    assert.deepEqual(decodeHandover(bytes(spaced)), { ok: true, value: message })
  })
}

for (const [what, spaced, reason] of [
  ['nothing', '', 'notHandover'],
  ["somebody else's", '68656c6c6f', 'notHandover'],
  ['a later version', '627702 01 02 7731', 'notHandover'],
  ['no kind', '627701', 'unknownKind'],
  ['an unknown kind', '627701 04 02 7731', 'unknownKind'],
  ['no number', '627701 01 0000', 'truncated'],
  ['a name cut off', '627701 01 000000000007 02 77', 'truncated'],
  ['no name', '627701 01 000000000007 00', 'badName'],
  ['a name that is no UTF-8', '627701 01 000000000007 01 ff', 'badName'],
  ['an address cut off', '627701 01 000000000007 02 7731 04 ac1200', 'truncated'],
  ['an address of five bytes', '627701 01 000000000007 02 7731 05 ac12000a00', 'badAddress'],
] as const) {
  test(`wire/handover: ${what} is dropped: ${reason}`, () => {
    assert.deepEqual(decodeHandover(bytes(spaced)), { ok: false, reason })
  })
}

test('wire/handover: any bytes give a message or a reason', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (rest, ours) => {
      decodeHandover(ours ? Uint8Array.of(0x62, 0x77, 1, ...rest) : rest)
    }),
  )
})

test('wire/handover: many addresses go in several messages, each small enough for a datagram', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.oneof(fc.ipV4()), { maxLength: 600 }), (ips) => {
      const messages = encodeHandover({ kind: 'give', from: 'w1', seq: 1, ips })
      for (const message of messages) assert.ok(message.length <= 1100)
      const back = messages.map(decodeHandover).flatMap((it) => (it.ok ? it.value.ips : []))
      assert.deepEqual(back, ips)
    }),
    { numRuns: 20 },
  )
})
