/** Keys of a mounted Secret, followed as kubelet changes it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { deriveKey } from '../core/wire/memberlist/key.ts'
import { fingerprint } from '../core/wire/memberlist/keyring.ts'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { SecretDirectory } from '../../test/fakes/secret-directory.ts'
import { until } from '../../test/lab/until.ts'
import { followKeys, readKeys } from './key-follower.ts'

const key = (text: string): Uint8Array => deriveKey(Buffer.from(text))

function follow(t: TestContext, files: Readonly<Record<string, string>>) {
  const secret = new SecretDirectory(files)
  const log = new MemoryLog()
  const heard: (readonly Uint8Array[])[] = []
  const keys = readKeys(secret.path)
  const following = followKeys(secret.path, keys, log, (changed) => heard.push(changed))
  t.after(() => {
    following.close()
    secret.remove()
  })
  return { secret, log, heard, keys }
}
const soon = (what: string, look: () => boolean) =>
  until(what, look, { timeoutMs: 5000, everyMs: 10 })

test('speaker/key-follower: each change is handed over once, whole, and logged without the key', async (t) => {
  const { secret, log, heard, keys } = follow(t, { secretkey: 'old' })
  assert.deepEqual(keys, [key('old')])
  secret.set({ secretkey: 'old', 'secretkey-next': 'new' })
  await soon('the new one', () => heard.length > 0)
  secret.set({ secretkey: 'new', 'secretkey-old': 'old' })
  await soon('the exchange', () => heard.length > 1)
  secret.set({ secretkey: 'new' })
  await soon('the end', () => heard.length > 2)
  assert.deepEqual(heard, [[key('old'), key('new')], [key('new'), key('old')], [key('new')]])
  assert.deepEqual(log.lines.at(-1), {
    level: 'info',
    event: 'gossip-keys',
    fields: { seals: fingerprint(key('new')), opens: [] },
  })
  assert.deepEqual(log.events(), ['gossip-keys', 'gossip-keys', 'gossip-keys'])
})

test('speaker/key-follower: an empty secret leaves the keys as they are, with a warning', async (t) => {
  const { secret, log, heard } = follow(t, { secretkey: 'old' })
  secret.set({ secretkey: '' })
  await soon('a warning', () => log.events().includes('gossip-keys-unchanged'))
  secret.set({ secretkey: 'new' })
  await soon('a key again', () => heard.length > 0)
  assert.deepEqual(heard, [[key('new')]])
})

test('speaker/key-follower: a directory that goes leaves the keys as they are', async (t) => {
  const { secret, log, heard } = follow(t, { secretkey: 'old' })
  secret.remove()
  await soon('a warning', () => log.events().includes('gossip-keys-unchanged'))
  assert.deepEqual(heard, [])
})

test('speaker/key-follower: without a directory there are no keys and nothing is followed', () => {
  assert.deepEqual(readKeys(''), [])
  followKeys('', [], new MemoryLog(), () => assert.fail()).close()
})
