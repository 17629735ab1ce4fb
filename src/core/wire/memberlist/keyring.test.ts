import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deriveKey } from './key.ts'
import { fingerprint, keyChange, keysOf } from './keyring.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const files = (of: Readonly<Record<string, string>>) =>
  new Map(Object.entries(of).map(([name, text]) => [name, bytes(text)]))
const key = (text: string): Uint8Array => deriveKey(bytes(text))
const [OLD, NEW, OLDER] = [key('old'), key('new'), key('older')]

for (const [what, of, keys] of [
  ['one file, one key', { secretkey: 'old' }, [OLD]],
  ['others only open', { 'secretkey-next': 'new', secretkey: 'old' }, [OLD, NEW]],
  [
    'others by their name',
    { secretkey: 'new', 'secretkey-2': 'older', 'secretkey-1': 'old' },
    [NEW, OLD, OLDER],
  ],
  ['the same key twice is one', { secretkey: 'old', 'secretkey-next': 'old' }, [OLD]],
  ['an empty one is none', { secretkey: 'old', 'secretkey-next': '' }, [OLD]],
  ['other files are passed over', { secretkey: 'old', secretkeys: 'new', README: 'new' }, [OLD]],
  ['no sealing key, no encryption', { 'secretkey-next': 'new' }, []],
  ['an empty sealing key, no encryption', { secretkey: '', 'secretkey-next': 'new' }, []],
] as const) {
  test(`memberlist/keyring: ${what}`, () => assert.deepEqual(keysOf(files(of)), keys))
}

for (const [what, current, of, expected] of [
  ['nothing new', [OLD, NEW], { secretkey: 'old', 'secretkey-next': 'new' }, { kind: 'same' }],
  [
    'one more',
    [OLD],
    { secretkey: 'old', 'secretkey-next': 'new' },
    { kind: 'changed', keys: [OLD, NEW] },
  ],
  [
    'the other seals',
    [OLD, NEW],
    { secretkey: 'new', 'secretkey-old': 'old' },
    { kind: 'changed', keys: [NEW, OLD] },
  ],
  ['one less', [NEW, OLD], { secretkey: 'new' }, { kind: 'changed', keys: [NEW] }],
  ['in clear, as before', [], {}, { kind: 'same' }],
] as const) {
  test(`memberlist/keyring: change: ${what}`, () => {
    assert.deepEqual(keyChange(current, files(of)), expected)
  })
}
for (const [what, current, of, because] of [
  ['an empty secret does not switch encryption off', [OLD], { secretkey: '' }, /not switched off/],
  ['nor does one that is gone', [OLD], { 'secretkey-next': 'new' }, /not switched off/],
  ['a secret does not switch encryption on', [], { secretkey: 'new' }, /talk in clear/],
] as const) {
  test(`memberlist/keyring: change: ${what}`, () => {
    const change = keyChange(current, files(of))
    assert.ok(change.kind === 'refused')
    assert.match(change.because, because)
  })
}

test('memberlist/keyring: a fingerprint is short and says nothing of the key', () => {
  // sha256 of "0123456789abcdef" begins so.
  assert.equal(fingerprint(bytes('0123456789abcdef')), '9f9f5111')
})
