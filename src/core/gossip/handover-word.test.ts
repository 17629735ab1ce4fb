import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeHandover } from '../wire/handover.ts'
import { handoverWord } from './handover-word.ts'

const W1 = Uint8Array.of(10, 0, 0, 1)
const W2 = Uint8Array.of(10, 0, 0, 2)
const members = new Map([
  ['w1', { addr: W1 }],
  ['w2', { addr: W2 }],
])
const word = { kind: 'taken', from: 'w1', seq: 7, ips: ['172.18.0.10'] } as const
const [said = Uint8Array.of()] = encodeHandover(word)

for (const [what, payload, ip, answer] of [
  ['of the member itself', said, W1, { ok: true, value: word }],
  ["in another member's name", said, W2, { ok: false, reason: 'notFromMember' }],
  ['from elsewhere', said, W1.with(0, 11), { ok: false, reason: 'notFromMember' }],
  [
    'in the name of nobody',
    encodeHandover({ ...word, from: 'w3' })[0],
    W1,
    { ok: false, reason: 'notFromMember' },
  ],
  ['cut short', said.subarray(0, 12), W1, { ok: false, reason: 'truncated' }],
  ['that is padding', new Uint8Array(100), W1, { ok: false, reason: 'notHandover' }],
] as const) {
  test(`gossip/handover-word: a word ${what}`, () => {
    const read = handoverWord(payload ?? new Uint8Array(), { ip }, (name) => members.get(name))
    assert.deepEqual(read, answer)
  })
}
